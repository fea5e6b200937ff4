import { describe, expect, it } from "vitest";

import { nameOfEntry } from "../../../src/cli/images/name-of-entry.ts";

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
