import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSession, DEFAULT_RULES } from "../../../src/core/routing/session-rules.ts";

describe("checkSession()", () => {
  it.each([
    ["a", "a"],
    ["user:42@example.com_x-y.Z", "user:42@example.com_x-y.Z"],
    ["x".repeat(128), "x".repeat(128)],
    [42, "42"],
  ])("takes %j", (value, id) => {
    expect(checkSession(value, DEFAULT_RULES)).toEqual({ ok: true, id });
  });

  it.each([
    ["x".repeat(129), /has 129 characters; at most 128/],
    ["", /does not match/],
    ["a b", /does not match/],
    ["a/../b", /does not match/],
    ["a\n", /does not match/],
    ["ä", /does not match/],
    [1.5, /is no text/],
    [2 ** 53, /is no text/],
    [true, /is no text/],
    [{ id: "a" }, /is no text/],
    [["a"], /is no text/],
  ])("refuses %j", (value, reason) => {
    const checked = checkSession(value, DEFAULT_RULES);
    expect(checked).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("takes own rules, and forgets no state of a pattern with the flag g", () => {
    const rules = { maxLength: 3, pattern: /^\d+$/g };
    expect(checkSession("123", rules).ok).toBe(true);
    expect(checkSession("123", rules).ok).toBe(true);
    expect(checkSession("1234", rules).ok).toBe(false);
    expect(checkSession("abc", rules).ok).toBe(false);
  });

  it("lets through nothing but what the rules allow, and repeats no value in its reason", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, minLength: 8 }), (value) => {
        const checked = checkSession(value, DEFAULT_RULES);
        if (checked.ok) expect(checked.id).toMatch(/^[A-Za-z0-9_.:@-]{1,128}$/);
        else expect(checked.reason).not.toContain(value);
      }),
    );
  });
});
