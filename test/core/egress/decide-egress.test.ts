import { describe, expect, it } from "vitest";
import { decideEgress, type EgressRules } from "../../../src/core/egress/decide-egress.ts";
import { destinationOf } from "../../../src/core/egress/destination.ts";
import {
  parseHosts,
  parsePolicy,
  type EgressPolicy,
} from "../../../src/core/egress/egress-rules.ts";

interface Plan {
  readonly denied?: readonly string[];
  readonly allowed?: readonly string[];
  readonly policy?: EgressPolicy;
  readonly overrides?: readonly string[];
  readonly handled?: readonly string[];
  readonly hasOverride?: boolean;
  readonly hasHandler?: boolean;
  readonly isInternetEnabled?: boolean;
}

function rules(plan: Plan): EgressRules {
  const { denied = [], allowed, policy, overrides = [], handled = [] } = plan;
  return {
    denied: parseHosts(denied, "denied"),
    allowed: allowed && parseHosts(allowed, "allowed"),
    policy: policy && parsePolicy(policy),
    overrides: parseHosts(overrides, "overrides"),
    handled: parseHosts(handled, "handled"),
    hasOverride: plan.hasOverride ?? false,
    hasHandler: plan.hasHandler ?? false,
    isInternetEnabled: plan.isInternetEnabled ?? true,
  };
}

const decide = (plan: Plan, url = "http://a.example.com/"): object =>
  decideEgress(rules(plan), destinationOf(new URL(url)));

const ALL: Plan = {
  overrides: ["a.example.com"],
  handled: ["a.example.com"],
  hasOverride: true,
  hasHandler: true,
};

describe("decideEgress", () => {
  it("refuses what is denied before all", () => {
    const denied = ["A.example.com."];
    expect(decide({ ...ALL, denied, allowed: ["*"] })).toEqual({
      kind: "refuse",
      reason: "denied-host",
    });
  });

  it("refuses what is not allowed before any handler", () => {
    expect(decide({ ...ALL, allowed: ["b.example.com"] })).toEqual({
      kind: "refuse",
      reason: "not-allowed",
    });
    expect(decide({ ...ALL, allowed: [] })).toEqual({ kind: "refuse", reason: "not-allowed" });
  });

  it("refuses what the policy denies before any handler", () => {
    const policy: EgressPolicy = { default: "deny", rules: [{ allow: "b.example.com" }] };
    expect(decide({ ...ALL, policy })).toEqual({ kind: "refuse", reason: "policy" });
  });

  it("takes the handler of a host at runtime, then the class's, then those for all", () => {
    expect(decide(ALL)).toEqual({ kind: "host-override", pattern: "a.example.com" });
    expect(decide({ ...ALL, overrides: [] })).toEqual({
      kind: "host-handler",
      pattern: "a.example.com",
    });
    expect(decide({ hasOverride: true, hasHandler: true })).toEqual({ kind: "override" });
    expect(decide({ hasHandler: true })).toEqual({ kind: "handler" });
  });

  it("prefers one host to many, and a port to all", () => {
    const handled = ["*", "*.example.com", "a.example.com", "a.example.com:80"];
    const pattern = (url: string): unknown => Reflect.get(decide({ handled }, url), "pattern");
    expect(pattern("http://a.example.com/")).toBe("a.example.com:80");
    expect(pattern("https://a.example.com/")).toBe("a.example.com");
    expect(pattern("https://b.example.com/")).toBe("*");
    expect(pattern("https://other.test/")).toBe("*");
    expect(Reflect.get(decide({ handled: ["*", "*:80"] }), "pattern")).toBe("*:80");
  });

  it("has the first rule that speaks of a destination decide", () => {
    const policy: EgressPolicy = {
      default: "allow",
      rules: [{ deny: "secret.example.com" }, { allow: ["*.example.com"] }, { deny: "*" }],
    };
    const kind = (url: string): unknown => Reflect.get(decide({ policy }, url), "kind");
    expect(kind("http://secret.example.com/")).toBe("refuse");
    expect(kind("http://open.example.com/")).toBe("internet");
    expect(kind("http://other.test/")).toBe("refuse");
  });

  it("lets out what was allowed by name, or all where the internet is enabled", () => {
    const internet = { kind: "internet" };
    const offline = { isInternetEnabled: false };
    expect(decide({})).toEqual(internet);
    expect(decide(offline)).toEqual({ kind: "refuse", reason: "no-internet" });
    expect(decide({ ...offline, allowed: ["a.example.com"] })).toEqual(internet);
    const allow: EgressPolicy = { default: "deny", rules: [{ allow: "a.example.com" }] };
    expect(decide({ ...offline, policy: allow })).toEqual(internet);
    expect(decide({ ...offline, policy: { default: "allow" } })).toEqual({
      kind: "refuse",
      reason: "no-internet",
    });
  });
});
