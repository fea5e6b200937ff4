import { describe, expect, it } from "vitest";
import {
  parseHosts,
  parsePolicy,
  type EgressPolicy,
} from "../../../src/core/egress/egress-rules.ts";
import { ContainerError } from "../../../src/errors/container-error.ts";

function faultOf(parse: () => unknown): ContainerError | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof ContainerError) return error;
    throw error;
  }
}

describe("parsePolicy()", () => {
  it.each([
    [{}, "egress.default", "undefined", '"allow" or "deny"'],
    [{ default: "block" }, "egress.default", '"block"', '"allow" or "deny"'],
    [{ default: "deny", rules: {} }, "egress.rules", "[object Object]", "array of rules"],
    [{ default: "deny", rules: [{}] }, "egress.rules[0]", "{}", "allow or deny"],
    [{ default: "deny", rules: [null] }, "egress.rules[0]", "null", "allow or deny"],
    [
      { default: "deny", rules: [{ allow: "a", deny: "b" }] },
      "egress.rules[0]",
      "allow",
      "allow or deny",
    ],
    [
      { default: "deny", rules: [{ allow: "a" }, { deny: ["b", ""] }] },
      "egress.rules[1].deny",
      '""',
      '"api.example.com"',
    ],
  ])("refuses %j by %s", (policy, field, value, fix) => {
    const fault = faultOf(() => parsePolicy(policy as unknown as EgressPolicy));
    expect(fault?.code).toBe("INVALID_CONFIG");
    expect(fault?.details).toEqual({ field });
    expect(fault?.message).toContain(`Cannot use ${field}: `);
    expect(fault?.message).toContain(value);
    expect(fault?.message).toContain(fix);
  });
});

describe("parseHosts()", () => {
  it("refuses a list that is none", () => {
    const fault = faultOf(() => parseHosts("a.com" as unknown as string[], "allowedHosts"));
    expect(fault?.code).toBe("INVALID_CONFIG");
    expect(fault?.details).toEqual({ field: "allowedHosts" });
    expect(fault?.message).toContain('Cannot use allowedHosts: "a.com": ');
    expect(fault?.message).toContain("array of hosts");
  });

  it("names the host that is none by its place", () => {
    const fault = faultOf(() => parseHosts(["a.example.com", ""], "allowedHosts"));
    expect(fault?.details).toEqual({ field: "allowedHosts[1]" });
  });
});
