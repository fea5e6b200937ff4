import { describe, expect, it } from "vitest";
import type { Lifecycle } from "../../../src/core/lifecycle/phase.ts";
import type { RunOrigin } from "../../../src/core/lifecycle/run-origin.ts";
import {
  onConstructed,
  onObserved,
  onStartRequested,
  onUp,
} from "../../../src/core/lifecycle/run-start.ts";
import type { Step } from "../../../src/core/lifecycle/step.ts";
import { newUsage } from "../../../src/core/lifecycle/usage.ts";
import {
  BACKOFF,
  DOWN,
  DRAINING,
  ENDINGS,
  FAILED,
  lifecycleIn,
  LIVE,
  POLICY,
  READY,
  RUNNING,
  SAVING,
  STARTING,
  STOPPED,
  STOPPING,
  USABLE,
} from "./lifecycles.ts";

const EXTEND = { kind: "extend-life" };
const WATCH = { kind: "watch-exit" };

/** Asks for a start at a moment. */
function requestAt(lifecycle: Lifecycle, atMs: number, origin?: RunOrigin): Step {
  return onStartRequested(lifecycle, { kind: "start-requested", atMs, origin }, POLICY);
}

describe("onStartRequested()", () => {
  it("starts a stopped instance: the next run, counted", () => {
    const { lifecycle, commands } = requestAt(lifecycleIn(STOPPED), 10_000);
    expect(lifecycle.phase).toEqual({
      kind: "starting",
      run: 2,
      sinceMs: 10_000,
      startedAtMs: 10_000,
    });
    expect(lifecycle.usage).toEqual({ ...newUsage(0), starts: 1, startsAtMs: [10_000] });
    expect(commands).toEqual([{ kind: "start" }, EXTEND]);
  });

  it.each(LIVE)("L1: ignores a start while a container exists: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(requestAt(lifecycle, 90_000)).toEqual({ lifecycle, commands: [] });
  });

  it.each([BACKOFF, FAILED])("L9: ignores a start before the gate opens: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    const early = requestAt(lifecycle, phase.retryAtMs - 1);
    expect(early).toEqual({ lifecycle, commands: [] });
    expect(requestAt(lifecycle, phase.retryAtMs).lifecycle.phase.run).toBe(2);
  });

  it("L11: makes the run of a failed instance a trial", () => {
    const failed = lifecycleIn({ ...FAILED, trials: 3 });
    expect(requestAt(failed, 69_000).lifecycle.phase).toMatchObject({
      kind: "starting",
      trial: 3,
    });
    const { phase } = requestAt(lifecycleIn(BACKOFF), 69_000).lifecycle;
    expect(phase).not.toHaveProperty("trial");
  });
});

describe("the origin of a run", () => {
  const OLD = { image: "app@1" };

  it("is what it was started with, and nothing where that is not told", () => {
    const stopped = lifecycleIn(STOPPED, { origin: OLD });
    const NEW = { image: "app@2", build: "v2" };
    expect(requestAt(stopped, 10_000, NEW).lifecycle.origin).toEqual(NEW);
    expect(requestAt(stopped, 10_000).lifecycle.origin).toEqual({});
  });

  it("stays where no run begins", () => {
    const running = lifecycleIn(READY, { origin: OLD });
    expect(requestAt(running, 10_000, { image: "app@2" }).lifecycle.origin).toBe(OLD);
  });

  it("is unknown of a container that is adopted", () => {
    const stopped = lifecycleIn(STOPPED, { origin: OLD });
    const step = onObserved(stopped, { kind: "observed", isRunning: true, atMs: 1 });
    expect(step.lifecycle.origin).toBeNull();
  });
});

describe("onUp()", () => {
  it.each(["running", "ready"] as const)("L3: calls onStart when a start turns out %s", (kind) => {
    const { lifecycle, commands } = onUp(lifecycleIn(STARTING), kind, 2_500);
    expect(lifecycle.phase).toEqual({ ...STARTING, kind, sinceMs: 2_500 });
    expect(commands).toEqual([{ kind: "call-on-start" }]);
  });

  it("L3: does not call it again when a container that is up gets ready", () => {
    const { lifecycle, commands } = onUp(lifecycleIn(RUNNING), "ready", 3_000);
    expect(lifecycle.phase).toEqual(READY);
    expect(commands).toEqual([]);
  });

  it.each([
    ...[...DOWN, ...ENDINGS, READY].map((phase) => ["ready", phase] as const),
    ...[...DOWN, ...ENDINGS, READY, RUNNING].map((phase) => ["running", phase] as const),
  ])("takes no note of %s in a phase that is past it: $kind", (kind, phase) => {
    const lifecycle = lifecycleIn(phase);
    const step = onUp(lifecycle, kind, 90_000);
    expect(step.lifecycle).toBe(lifecycle);
    expect(step.commands).toEqual([]);
  });

  it("L11: ends a trial by ready, not by running, and keeps the crashes of before", () => {
    const crashes = { streak: 10, atMs: [1, 2, 3] };
    const trial = lifecycleIn({ ...STARTING, trial: 2 }, { crashes });
    expect(onUp(trial, "running", 2_000).lifecycle.phase).toEqual({ ...RUNNING, trial: 2 });
    const { lifecycle } = onUp(trial, "ready", 3_000);
    expect(lifecycle.phase).toEqual(READY);
    expect(lifecycle.crashes).toEqual(crashes);
  });
});

describe("onObserved()", () => {
  it.each(DOWN)("adopts a container that nobody wrote down: $kind", (phase) => {
    const event = { kind: "observed", atMs: 9_500, isRunning: true } as const;
    const { lifecycle, commands } = onObserved(lifecycleIn(phase), event);
    expect(lifecycle.phase).toEqual({
      kind: "running",
      run: 2,
      sinceMs: 9_500,
      startedAtMs: 9_500,
    });
    expect(lifecycle.usage).toMatchObject({ starts: 1, startsAtMs: [9_500] });
    expect(commands).toEqual([EXTEND]);
  });

  it.each(LIVE)("asks how a container that is gone ended: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    const event = { kind: "observed", atMs: 9_500, isRunning: false } as const;
    expect(onObserved(lifecycle, event)).toEqual({ lifecycle, commands: [WATCH] });
  });

  it.each([
    ...DOWN.map((phase) => [phase, false] as const),
    ...LIVE.map((phase) => [phase, true] as const),
  ])("does nothing where belief and runtime agree: $kind", (phase, isRunning) => {
    const lifecycle = lifecycleIn(phase);
    const step = onObserved(lifecycle, { kind: "observed", atMs: 9_500, isRunning });
    expect(step).toEqual({ lifecycle, commands: [] });
  });
});

describe("onConstructed()", () => {
  const RUNS = { kind: "constructed", atMs: 20_000, isRunning: true } as const;
  const GONE = { ...RUNS, isRunning: false };

  it.each(USABLE)("takes up a container that is still there: $kind", (phase) => {
    const lost = lifecycleIn({ ...phase, expiredAtMs: 19_000 });
    expect(onConstructed(lost, RUNS, POLICY)).toEqual({
      lifecycle: lifecycleIn(phase),
      commands: [EXTEND],
    });
  });

  it("ends a drain, since what was in flight is gone with the object", () => {
    const { lifecycle, commands } = onConstructed(lifecycleIn(DRAINING), RUNS, POLICY);
    expect(lifecycle.phase).toEqual({ ...STOPPING, sinceMs: 20_000, killAtMs: 50_000 });
    expect(commands).toEqual([{ kind: "signal", signal: 15 }, WATCH]);
  });

  it("watches the end of a container that was stopping, with the deadline it had", () => {
    const lifecycle = lifecycleIn(STOPPING);
    expect(onConstructed(lifecycle, RUNS, POLICY)).toEqual({ lifecycle, commands: [WATCH] });
  });

  it.each(LIVE)("asks how a container that is gone ended: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(onConstructed(lifecycle, GONE, POLICY)).toEqual({ lifecycle, commands: [WATCH] });
  });

  it("adopts a container without a record", () => {
    expect(onConstructed(lifecycleIn(STOPPED), RUNS, POLICY).lifecycle.phase).toMatchObject({
      kind: "running",
      run: 2,
    });
  });

  it.each(DOWN)("has nothing to do where none runs: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(onConstructed(lifecycle, GONE, POLICY)).toEqual({ lifecycle, commands: [] });
  });
});

describe("onConstructed() while files are kept", () => {
  const constructed = (isRunning: boolean, atMs: number): Step =>
    onConstructed(lifecycleIn(SAVING), { kind: "constructed", isRunning, atMs }, POLICY);

  it("L14: has it done again within the same time, and tells the run to end after that", () => {
    expect(constructed(true, 69_999)).toEqual({
      lifecycle: lifecycleIn(SAVING),
      commands: [{ kind: "save" }],
    });
    expect(constructed(true, 70_000).lifecycle.phase.kind).toBe("stopping");
  });

  it("asks how the run ended that is gone", () => {
    expect(constructed(false, 20_000).commands).toEqual([WATCH]);
  });
});
