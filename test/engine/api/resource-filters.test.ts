import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { EngineError } from "../../../src/engine/engine-error.ts";
import { matchesFilters, parseFilters } from "../../../src/engine/api/resource-filters.ts";

const KEYS = ["label", "name", "id", "status"];

describe("parseFilters()", () => {
  it.each([
    [null, {}],
    ["", {}],
    ['{"label":["a=b"]}', { label: ["a=b"] }],
    ['{"label":{"a=b":true,"c":false}}', { label: ["a=b"] }],
    ['{"name":["workerd-snap-"],"id":[]}', { name: ["workerd-snap-"], id: [] }],
  ])("reads %s", (query, filters) => {
    expect(parseFilters(query, KEYS)).toEqual(filters);
  });

  it.each(["{", "[]", '"a"', "null", '{"label":"a"}', '{"label":[1]}', '{"colour":["red"]}'])(
    "refuses %s",
    (query) => {
      expect(() => parseFilters(query, KEYS)).toThrow(EngineError);
      expect(() => parseFilters(query, KEYS)).toThrow("[BAD_REQUEST]");
    },
  );

  it("throws nothing but a bad request, whatever the query", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (query) => {
        try {
          parseFilters(query, KEYS);
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_REQUEST" });
        }
      }),
    );
  });
});

describe("matchesFilters()", () => {
  const facts = {
    names: ["workerd-a-proxy"],
    labels: { session: "1", empty: "" },
    values: { id: "abcdef", status: "running" },
  };

  it.each([
    [{}, true],
    [{ label: ["session=1"] }, true],
    [{ label: ["session"] }, true],
    [{ label: ["empty="] }, true],
    [{ label: ["session=1", "other"] }, false],
    [{ label: ["session=2"] }, false],
    [{ label: ["constructor"] }, false],
    [{ name: ["a-proxy"] }, true],
    [{ name: ["b", "workerd"] }, true],
    [{ name: ["b"] }, false],
    [{ id: ["abc"] }, true],
    [{ id: ["bcd"] }, false],
    [{ status: ["exited", "running"] }, true],
    [{ status: ["exited"] }, false],
    [{ status: [] }, true],
  ])("matches %j: %s", (filters, isMatch) => {
    expect(matchesFilters(filters, facts)).toBe(isMatch);
  });
});
