import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isToken, readCookie, writeCookie } from "../../../src/core/routing/cookie.ts";

describe("readCookie()", () => {
  it.each([
    ["a=1", "1"],
    ["b=2; a=1", "1"],
    ["b=2;a=1;c=3", "1"],
    ["a=1; a=2", "1"],
    ["aa=0; a=1", "1"],
    ['a="1"', "1"],
    ["a=x=y", "x=y"],
    ["a=", ""],
    ["a=1 ; b=2", "1"],
    ['a="xy"', "xy"],
    ['a=x"y"', 'x"y"'],
    ['a="x"y', '"x"y'],
    ["ab", undefined],
    ["", undefined],
    ["a", undefined],
    ["A=1", undefined],
    ["b=a=1", undefined],
  ])("reads a of %j as %j", (header, value) => {
    expect(readCookie(header, "a")).toBe(value);
  });

  it("reads back what writeCookie() wrote, among any others", () => {
    const value = fc.stringMatching(/^[\w.:@-]{1,128}$/);
    fc.assert(
      fc.property(value, fc.array(fc.string()), (id, others) => {
        const [pair = ""] = writeCookie("berth", id, {
          maxAgeMs: 1,
          sameSite: "Lax",
          isSecure: false,
        }).split("; ");
        const before = others.filter((other) => !other.includes("berth"));
        expect(readCookie([...before, pair].join("; "), "berth")).toBe(id);
      }),
    );
  });
});

describe("writeCookie()", () => {
  it("makes it last, unreadable for scripts, and for HTTPS only where asked", () => {
    const attributes = { maxAgeMs: 90_500, sameSite: "Strict", isSecure: true } as const;
    expect(writeCookie("s", "1", attributes)).toBe(
      "s=1; Path=/; Max-Age=90; HttpOnly; SameSite=Strict; Secure",
    );
    expect(writeCookie("s", "1", { ...attributes, isSecure: false, domain: "example.com" })).toBe(
      "s=1; Path=/; Max-Age=90; HttpOnly; SameSite=Strict; Domain=example.com",
    );
  });
});

describe("isToken()", () => {
  it.each([
    ["session-id", true],
    ["__Host-s", true],
    ["", false],
    ["a b", false],
    ["a;b", false],
    ["a=b", false],
    ["ä", false],
  ])("of %j is %s", (name, expected) => {
    expect(isToken(name)).toBe(expected);
  });
});
