import { describe, expect, it } from "vitest";
import { newLifecycle } from "../../../src/core/lifecycle/phase.ts";
import { publicState } from "../../../src/core/lifecycle/public-state.ts";
import {
  BACKOFF,
  DRAINING,
  FAILED,
  lifecycleIn,
  READY,
  RUNNING,
  STARTING,
  STOPPED,
  STOPPING,
} from "./lifecycles.ts";

describe("publicState()", () => {
  it.each([
    [STARTING, "running"],
    [RUNNING, "running"],
    [READY, "healthy"],
    [DRAINING, "stopping"],
    [STOPPING, "stopping"],
    [STOPPED, "stopped"],
    [{ ...BACKOFF, exitCode: null }, "stopped"],
    [{ ...FAILED, exitCode: null }, "stopped"],
  ] as const)("calls $kind by the peer's word", (phase, status) => {
    expect(publicState(lifecycleIn(phase))).toEqual({ status, lastChange: phase.sinceMs });
  });

  it.each([STOPPED, BACKOFF, FAILED])("gives an exit code that was seen: $kind", (phase) => {
    expect(publicState(lifecycleIn({ ...phase, exitCode: 0 }))).toEqual({
      status: "stopped_with_code",
      exitCode: 0,
      lastChange: 9_000,
    });
  });

  it("calls an instance that never started stopped", () => {
    expect(publicState(newLifecycle(5))).toEqual({ status: "stopped", lastChange: 5 });
  });
});
