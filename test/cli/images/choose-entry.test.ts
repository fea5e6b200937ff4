import { describe, expect, it } from "vitest";

import { chooseEntry, nameOfEntry } from "../../../src/cli/images/choose-entry.ts";
import { digestOf } from "./scope-fixture.ts";

function entry(letter: string, reference?: string) {
  const manifest = { mediaType: "", digest: digestOf(letter), size: 1 };
  return { manifest, ...(reference !== undefined && { reference }) };
}

describe("chooseEntry()", () => {
  const entries = [entry("a", "app:1"), entry("b", "2"), entry("c")];

  it.each([
    ["app:1", "a"],
    ["1", "a"],
    ["2", "b"],
    [digestOf("c"), "c"],
  ])("finds %s", (name, letter) => {
    const { manifest } = chooseEntry(entries, { path: "/x", name });
    expect(manifest.digest).toBe(digestOf(letter));
  });

  it("takes the only image, though it has two names", () => {
    const chosen = chooseEntry([entry("a", "app:1"), entry("a", "app:2")], { path: "/x" });
    expect(chosen.manifest.digest).toBe(digestOf("a"));
  });

  it.each([
    [entries, undefined, `Cannot find the one image of /x: it holds app:1, 2, ${digestOf("c")};`],
    [entries, "9", "Cannot find image 9 of /x: it holds"],
    [[], undefined, "it holds none;"],
  ])("refuses what is not one image", (list, name, message) => {
    const layout = { path: "/x", ...(name !== undefined && { name }) };
    expect(() => chooseEntry(list, layout)).toThrow(message);
  });
});

describe("nameOfEntry()", () => {
  it.each([
    ["app:1", "/x/y.tar", "app:1"],
    ["r.io/app", "/x/y.tar", "r.io/app"],
    ["1.0", "/x/Web.tar", "web:1.0"],
    ["latest", "/x/layout", "layout:latest"],
  ])("calls %s of %s %s", (reference, path, expected) => {
    expect(nameOfEntry(reference, path)).toBe(expected);
  });
});
