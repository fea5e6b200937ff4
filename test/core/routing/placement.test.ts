import { describe, expect, it } from "vitest";
import { placedName } from "../../../src/core/routing/placement.ts";

const HINTS = "wnam enam sam weur eeur apac apac-ne apac-se oc afr me".split(" ");

describe("placedName()", () => {
  it.each(["room", "", "weur", "weur/room", "@weur", "@mars/room", "@/room", "@WEUR/room"])(
    "without a hint is the name itself: %j",
    (name) => {
      expect(placedName(name, undefined)).toBe(name);
    },
  );

  it.each(["room@weur/1", "/@weur/1", "@toString/1", "@@weur/1"])(
    "is free to have %j, which begins like no region's",
    (name) => {
      expect(placedName(name, undefined)).toBe(name);
      expect(placedName(name, "oc")).toBe(`@oc/${name}`);
    },
  );

  it.each(HINTS)("with the hint %s is another", (hint) => {
    expect(placedName("room", hint)).toBe(`@${hint}/room`);
  });

  it.each(HINTS)("refuses a name that would be one of %s", (hint) => {
    for (const given of [undefined, hint, "mars"]) {
      expect(() => placedName(`@${hint}/room`, given)).toThrow(
        invalid(
          `the name "@${hint}/room": it begins like one with a locationHint; pass the hint as an option`,
        ),
      );
    }
  });

  it.each(["mars", "", "WEUR", "toString", "@weur"])("refuses the hint %j", (hint) => {
    expect(() => placedName("room", hint)).toThrow(
      invalid(`${JSON.stringify(hint)} is no locationHint; use one of ${HINTS.join(", ")}`),
    );
  });
});

function invalid(text: string): unknown {
  return expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(text) as string,
  });
}
