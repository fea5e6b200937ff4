import { describe, expect, it } from "vitest";
import { isOutdated } from "../../../src/core/lifecycle/run-origin.ts";

describe("isOutdated()", () => {
  it.each([
    ["the same image", { image: "a@1" }, { image: "a@1" }, false],
    ["another image", { image: "a@1" }, { image: "a@2" }, true],
    ["an image where there was none", {}, { image: "a@1" }, true],
    ["no image any more", { image: "a@1" }, {}, false],
    ["the same build", { build: "1" }, { build: "1" }, false],
    ["another build", { build: "1" }, { build: "2" }, true],
    ["a build where there was none", { image: "a@1" }, { image: "a@1", build: "1" }, true],
    ["no build any more", { build: "1" }, {}, false],
    [
      "another build of the same image",
      { image: "a", build: "1" },
      { image: "a", build: "2" },
      true,
    ],
    ["an image that is not known yet", { image: "a@1" }, { image: undefined }, false],
    ["a run that was adopted", null, { image: "a@2", build: "2" }, false],
  ])("%s", (_title, origin, wanted, expected) => {
    expect(isOutdated(origin, wanted)).toBe(expected);
  });
});
