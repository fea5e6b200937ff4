import { describe, expect, it } from "vitest";
import { findImage } from "../../../src/core/image/find-image.ts";

const IMAGES = { base: "registry.example/base@sha256:1", "a/b": "registry.example/ab@sha256:2" };

describe("findImage()", () => {
  it("gives the reference of a key, also of one that looks like a reference", () => {
    expect(findImage("base", IMAGES)).toBe("registry.example/base@sha256:1");
    expect(findImage("a/b", IMAGES)).toBe("registry.example/ab@sha256:2");
  });

  it.each(["cloudflare/debian-trixie", "node:24", "registry.example/app@sha256:3"])(
    "gives a reference as it is: %s",
    (name) => {
      expect(findImage(name, IMAGES)).toBe(name);
      expect(findImage(name, {})).toBe(name);
    },
  );

  it.each(["bse", "toString", "__proto__", "", undefined, 7])("refuses %j by the keys", (name) => {
    expect(() => findImage(name, IMAGES)).toThrow(
      expect.objectContaining({
        code: "UNKNOWN_IMAGE",
        message: expect.stringContaining('names "base", "a/b"') as string,
        details: { image: name, known: ["base", "a/b"] },
      }),
    );
  });

  it.each([[["base"]], [["node:24"]]])("refuses %j, which only reads like a name", (name) => {
    expect(() => findImage(name, IMAGES)).toThrow("UNKNOWN_IMAGE");
  });

  it("names the policy where the configuration has no images", () => {
    expect(() => findImage("base", {})).toThrow(/"scheduling_policy": "durable_object"/);
  });
});
