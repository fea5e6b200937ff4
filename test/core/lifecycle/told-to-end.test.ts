import { describe, expect, it } from "vitest";
import { isToldToEnd } from "../../../src/core/lifecycle/told-to-end.ts";
import { DOWN, DRAINING, STOPPING, USABLE } from "./lifecycles.ts";

describe("isToldToEnd()", () => {
  it.each([DRAINING, STOPPING])("holds for a run that ends: $kind", (phase) => {
    expect(isToldToEnd(phase, "alarm")).toBe(true);
  });

  it.each([...USABLE, ...DOWN])("does not hold for others: $kind", (phase) => {
    expect(isToldToEnd(phase, "stop-requested")).toBe(false);
  });

  it("does not hold for one that the next run replaces", () => {
    expect(isToldToEnd({ ...STOPPING, fault: "wedged" }, "alarm")).toBe(false);
    expect(isToldToEnd({ ...DRAINING, cause: "rollout" }, "outdated")).toBe(false);
    expect(isToldToEnd({ ...STOPPING, cause: "rollout" }, "quiet")).toBe(false);
  });

  it.each(["stop-requested", "destroy-requested"] as const)(
    "holds for one that a deploy ends once the user has, too: %s",
    (kind) => {
      expect(isToldToEnd({ ...STOPPING, cause: "rollout" }, kind)).toBe(true);
    },
  );
});
