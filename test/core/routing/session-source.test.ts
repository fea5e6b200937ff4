import { describe, expect, it } from "vitest";
import {
  checkSources,
  nameSource,
  readSource,
  type SessionSource,
} from "../../../src/core/routing/session-source.ts";

const head = {
  url: new URL("http://h/sessions/p1/x?session=q1&empty="),
  header: (name: string): string | null =>
    ({ "session-id": " h1 ", cookie: "a=b; sid=c1", blank: " " })[name] ?? null,
};
const body = { id: "j1", deep: { user: { id: 7 } }, none: null, "a.b": "dotted" };

describe("readSource()", () => {
  it.each<[SessionSource, unknown]>([
    [{ header: "session-id" }, "h1"],
    [{ header: "blank" }, undefined],
    [{ header: "other" }, undefined],
    [{ cookie: "sid" }, "c1"],
    [{ cookie: "other" }, undefined],
    [{ path: 1 }, "p1"],
    [{ path: "/sessions/:id" }, "p1"],
    [{ path: 9 }, undefined],
    [{ query: "session" }, "q1"],
    [{ query: "empty" }, undefined],
    [{ query: "other" }, undefined],
    [{ json: "id" }, "j1"],
    [{ json: "a.b" }, "dotted"],
    [{ json: ["deep", "user", "id"] }, 7],
    [{ json: "none" }, undefined],
    [{ json: ["none", "id"] }, undefined],
    [{ json: "toString" }, undefined],
    [{ json: ["id", "length"] }, undefined],
    [{ json: ["deep", "missing", "id"] }, undefined],
  ])("reads %j as %j", (source, expected) => {
    expect(readSource(source, head, body)).toBe(expected);
  });

  it("finds no cookie in a request that has none", () => {
    expect(readSource({ cookie: "sid" }, { ...head, header: () => null })).toBeUndefined();
  });

  it("finds nothing in a body that is no object", () => {
    expect(readSource({ json: "id" }, head, "text")).toBeUndefined();
    expect(readSource({ json: "id" }, head)).toBeUndefined();
  });
});

describe("nameSource()", () => {
  it("names each kind as a reader would look for it", () => {
    const sources = [
      { header: "a" },
      { cookie: "b" },
      { path: 1 },
      { query: "c" },
      { json: ["d", "e"] },
    ];
    expect(sources.map(nameSource)).toEqual([
      'header "a"',
      'cookie "b"',
      "path segment 1",
      'query parameter "c"',
      'JSON key "d.e"',
    ]);
  });
});

describe("checkSources()", () => {
  it("accepts what can work", () => {
    const sources: SessionSource[] = [
      { header: "a" },
      { cookie: "b" },
      { path: "/s/:id" },
      { query: "c" },
      { json: "x" },
    ];
    expect(() => checkSources(sources)).not.toThrow();
  });

  it.each<[string, SessionSource[]]>([
    ["an empty list", []],
    ['{"header":"a b"}', [{ query: "ok" }, { header: "a b" }]],
    ['{"cookie":""}', [{ cookie: "" }]],
    ['{"path":"/s"}', [{ path: "/s" }]],
    ['{"path":-1}', [{ path: -1 }]],
    ['{"query":""}', [{ query: "" }]],
    ['{"json":[]}', [{ json: [] }]],
  ])("rejects %s", (shown, sources) => {
    expect(() => checkSources(sources)).toThrow(
      `[INVALID_ARGUMENT] Cannot look for the session in ${shown}: use`,
    );
  });
});
