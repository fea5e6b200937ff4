import { describe, expect, it } from "vitest";
import { parseHosts } from "../../../src/core/egress/egress-rules.ts";
import {
  planInterception,
  type InterceptionPlan,
} from "../../../src/core/egress/plan-interception.ts";

const plan = (hosts: readonly string[], seesAll: boolean, isHttpsSeen: boolean): InterceptionPlan =>
  planInterception({ handled: parseHosts(hosts, "hosts"), seesAll, isHttpsSeen });

describe("planInterception", () => {
  it("takes the hosts that are handled, and leaves all others alone", () => {
    const hosts = ["a.example.com", "10.0.0.1:8080"];
    expect(plan(hosts, false, false)).toEqual({ http: hosts, https: [] });
    expect(plan(hosts, false, true)).toEqual({ http: hosts, https: hosts });
  });

  it.each(["*.example.com", "10.0.0.0/8"])("takes everything for %s", (host) => {
    expect(plan(["a.example.com", host], false, false)).toEqual({ http: "all", https: [] });
  });

  it("takes everything where something must see it", () => {
    expect(plan([], true, true)).toEqual({ http: "all", https: "all" });
    expect(plan(["a.example.com"], true, false)).toEqual({ http: "all", https: [] });
  });
});
