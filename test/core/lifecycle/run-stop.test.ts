import { describe, expect, it } from "vitest";
import type { Phase } from "../../../src/core/lifecycle/phase.ts";
import {
  onDestroyRequested,
  onOutdated,
  onQuiet,
  onSaved,
  onStopRequested,
  onWedged,
} from "../../../src/core/lifecycle/run-stop.ts";
import type { Step } from "../../../src/core/lifecycle/step.ts";
import {
  DOWN,
  DRAINING,
  ENDINGS,
  lifecycleIn,
  LIVE,
  POLICY,
  READY,
  RUNNING,
  SAVING,
  STARTING,
  STOPPING,
  USABLE,
} from "./lifecycles.ts";

const WATCH = { kind: "watch-exit" };
const TERM = { kind: "signal", signal: 15 };
const CLOSE = { kind: "close-sockets", code: 1012 };

interface StopCase {
  readonly signal?: number;
  readonly inFlight?: number;
  readonly policy?: typeof POLICY;
}

function stopIn(phase: Phase, { signal = 15, inFlight = 0, policy = POLICY }: StopCase): Step {
  const event = { kind: "stop-requested", atMs: 10_000, signal, inFlight } as const;
  return onStopRequested(lifecycleIn(phase), event, policy);
}

describe("onStopRequested()", () => {
  it.each(USABLE)("sends the signal at once when nothing is in flight: $kind", (phase) => {
    const { lifecycle, commands } = stopIn(phase, {});
    expect(lifecycle.phase).toStrictEqual(STOPPING);
    expect(commands).toEqual([CLOSE, TERM, WATCH]);
  });

  it.each(USABLE)("L10: drains first while something is in flight: $kind", (phase) => {
    const { lifecycle, commands } = stopIn(phase, { inFlight: 1 });
    expect(lifecycle.phase).toStrictEqual(DRAINING);
    expect(commands).toEqual([CLOSE]);
  });

  it("keeps the signal for the end of the drain", () => {
    expect(stopIn(READY, { inFlight: 2, signal: 2 }).lifecycle.phase).toMatchObject({ signal: 2 });
  });

  it("does not drain without a drain time, nor for SIGKILL", () => {
    const policy = { ...POLICY, drainMs: 0 };
    expect(stopIn(READY, { inFlight: 1, policy }).lifecycle.phase.kind).toBe("stopping");
    const killed = stopIn(READY, { inFlight: 1, signal: 9 });
    expect(killed.lifecycle.phase).toEqual(STOPPING);
    expect(killed.commands).toEqual([CLOSE, { kind: "signal", signal: 9 }, WATCH]);
  });

  it("says idle while onActivityExpired runs, and has clients not come back for that", () => {
    const { lifecycle, commands } = stopIn({ ...READY, expiredAtMs: 9_000 }, { inFlight: 1 });
    expect(lifecycle.phase).toEqual({ ...DRAINING, cause: "idle" });
    expect(commands).toEqual([{ kind: "close-sockets", code: 1001 }]);
  });

  it("goes on draining when asked again, unless by SIGKILL", () => {
    expect(stopIn(DRAINING, { inFlight: 1 })).toEqual({
      lifecycle: lifecycleIn(DRAINING),
      commands: [],
    });
    const killed = stopIn(DRAINING, { inFlight: 1, signal: 9 });
    expect(killed.lifecycle.phase).toEqual(STOPPING);
    expect(killed.commands).toEqual([{ kind: "signal", signal: 9 }, WATCH]);
  });

  it("L10: passes a further signal of the user on without moving the kill deadline", () => {
    const step = stopIn({ ...STOPPING, killAtMs: 33_000 }, { signal: 2 });
    expect(step.lifecycle.phase).toEqual({ ...STOPPING, killAtMs: 33_000 });
    expect(step.commands).toEqual([{ kind: "signal", signal: 2 }]);
  });

  it.each(DOWN)("has nothing to stop where none runs: $kind", (phase) => {
    expect(stopIn(phase, {})).toEqual({ lifecycle: lifecycleIn(phase), commands: [] });
  });

  it("L11: keeps in mind that the run is a trial, through drain and grace", () => {
    const { lifecycle } = stopIn({ ...STARTING, trial: 0 }, { inFlight: 1 });
    expect(lifecycle.phase).toEqual({ ...DRAINING, trial: 0 });
    const { phase } = onQuiet(lifecycle, 11_000, POLICY).lifecycle;
    expect(phase).toEqual({ ...STOPPING, trial: 0, sinceMs: 11_000, killAtMs: 41_000 });
  });
});

describe("onQuiet()", () => {
  it("sends the signal of a drain in which nothing is in flight any more", () => {
    const draining = lifecycleIn({ ...DRAINING, signal: 2, fault: "wedged" });
    const { lifecycle, commands } = onQuiet(draining, 15_000, POLICY);
    expect(lifecycle.phase).toEqual({
      ...STOPPING,
      fault: "wedged",
      sinceMs: 15_000,
      killAtMs: 45_000,
    });
    expect(commands).toEqual([{ kind: "signal", signal: 2 }, WATCH]);
  });

  it.each([...DOWN, ...USABLE, STOPPING])("means nothing elsewhere: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(onQuiet(lifecycle, 15_000, POLICY)).toEqual({ lifecycle, commands: [] });
  });
});

describe("onDestroyRequested()", () => {
  it.each(LIVE)("ends the container at once, and again after 30 s: $kind", (phase) => {
    const { lifecycle, commands } = onDestroyRequested(lifecycleIn(phase), 12_000);
    expect(lifecycle.phase).toEqual({
      ...STOPPING,
      sinceMs: 12_000,
      cause: "destroy",
      killAtMs: 42_000,
    });
    expect(commands).toEqual([{ kind: "destroy" }, WATCH]);
  });

  it.each(ENDINGS)("does not take the blame from an app that failed: $kind", (phase) => {
    const { lifecycle } = onDestroyRequested(lifecycleIn({ ...phase, fault: "wedged" }), 12_000);
    expect(lifecycle.phase).toMatchObject({ cause: "destroy", fault: "wedged" });
  });

  it("L11: keeps in mind that the run is a trial", () => {
    const { lifecycle } = onDestroyRequested(lifecycleIn({ ...RUNNING, trial: 2 }), 12_000);
    expect(lifecycle.phase).toMatchObject({ kind: "stopping", trial: 2 });
  });

  it.each(DOWN)("has nothing to destroy where none runs: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(onDestroyRequested(lifecycle, 12_000)).toEqual({ lifecycle, commands: [] });
  });
});

describe("onWedged()", () => {
  const DOOMED = { ...STOPPING, cause: "destroy", fault: "wedged" } as const;

  function wedgedIn(phase: Phase, silence: "closed" | "hung", inFlight: number): Step {
    const event = { kind: "wedged", run: 1, atMs: 10_000, silence, inFlight } as const;
    return onWedged(lifecycleIn(phase), event, POLICY);
  }

  function reportOf({ commands }: Step): unknown {
    return commands.find(({ kind }) => kind === "report");
  }

  it.each([
    ["closed", 0],
    ["hung", 0],
    ["hung", 3],
  ] as const)("L12: destroys a ready app that is %s with %d in flight", (silence, inFlight) => {
    const step = wedgedIn(READY, silence, inFlight);
    expect(step.lifecycle.phase).toEqual(DOOMED);
    expect(step.commands.map(({ kind }) => kind)).toEqual(["destroy", "watch-exit", "report"]);
    expect(reportOf(step)).toEqual({
      kind: "report",
      code: "NOT_LISTENING",
      text: `The app of run 1 does not answer any more (${silence}): its container is replaced`,
    });
  });

  it("L12: lets a ready app that only closed its port end what it began", () => {
    const step = wedgedIn(READY, "closed", 1);
    expect(step.lifecycle.phase).toEqual({ ...DRAINING, cause: "destroy", fault: "wedged" });
    expect(step.commands.map(({ kind }) => kind)).toEqual(["close-sockets", "report"]);
    expect(step.commands[0]).toEqual(CLOSE);
  });

  it.each([STARTING, RUNNING])("L12: destroys an app that boots for too long: $kind", (phase) => {
    const step = wedgedIn(phase, "closed", 1);
    expect(step.lifecycle.phase).toEqual({ ...DOOMED, fault: "boot-timeout" });
    expect(reportOf(step)).toEqual({
      kind: "report",
      code: "BOOT_TIMEOUT",
      text: "The app of run 1 was not ready in time: its container is replaced; raise startup.bootTimeout, or call reportProgress() while it boots",
    });
  });

  it("L11: keeps in mind that the run is a trial", () => {
    const { lifecycle } = wedgedIn({ ...STARTING, trial: 1 }, "closed", 0);
    expect(lifecycle.phase).toEqual({ ...DOOMED, fault: "boot-timeout", trial: 1 });
  });

  it.each([...DOWN, ...ENDINGS])("means nothing elsewhere: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(wedgedIn(phase, "hung", 1)).toEqual({ lifecycle, commands: [] });
  });
});

describe("onOutdated()", () => {
  const outdated = (phase: Phase, how: "drain" | "now", inFlight = 0): Step => {
    const event = { kind: "outdated", run: 1, atMs: 10_000, how, inFlight } as const;
    return onOutdated(lifecycleIn(phase), event, POLICY);
  };

  it.each(USABLE)(
    "L13: tells an old run to end at once when nothing is in flight: $kind",
    (phase) => {
      for (const how of ["drain", "now"] as const) {
        const { lifecycle, commands } = outdated(phase, how);
        expect(lifecycle.phase).toMatchObject({ kind: "stopping", cause: "rollout" });
        expect(commands).toEqual([CLOSE, TERM, WATCH]);
      }
    },
  );

  it("L13: drains first, unless it is to end now", () => {
    const drained = outdated(READY, "drain", 1);
    expect(drained.lifecycle.phase).toMatchObject({ kind: "draining", cause: "rollout" });
    expect(drained.commands).toEqual([CLOSE]);
    expect(outdated(READY, "now", 1).lifecycle.phase).toMatchObject({ kind: "stopping" });
  });

  it.each([...ENDINGS, ...DOWN])("L13: ends nothing that does so already: $kind", (phase) => {
    expect(outdated(phase, "now", 1)).toEqual({ lifecycle: lifecycleIn(phase), commands: [] });
  });
});

describe("A run whose files are kept", () => {
  const SAVE = { kind: "save" };
  const policy = { ...POLICY, saveIdleMs: 5_000, saveStopMs: 60_000 };

  it.each([RUNNING, READY])("L14: has that done before the signal: $kind", (phase) => {
    const { lifecycle, commands } = stopIn(phase, { policy });
    expect(lifecycle.phase).toStrictEqual(SAVING);
    expect(commands).toEqual([CLOSE, SAVE]);
  });

  it("L14: has that done after the drain", () => {
    const drained = onQuiet(lifecycleIn(DRAINING), 20_000, policy);
    expect(drained.lifecycle.phase).toEqual({ ...SAVING, sinceMs: 20_000, untilMs: 80_000 });
    expect(drained.commands).toEqual([SAVE]);
  });

  it("L14: has as much time as its stop allows", () => {
    const idle = stopIn({ ...READY, expiredAtMs: 9_000 }, { policy });
    expect(idle.lifecycle.phase).toMatchObject({ kind: "saving", cause: "idle", untilMs: 15_000 });
    const nothing = stopIn(
      { ...READY, expiredAtMs: 9_000 },
      { policy: { ...policy, saveIdleMs: 0 } },
    );
    expect(nothing.lifecycle.phase.kind).toBe("stopping");
  });

  it("L14: is told to end once they are, or cannot be", () => {
    const { lifecycle, commands } = onSaved(lifecycleIn(SAVING), 12_000, policy);
    expect(lifecycle.phase).toEqual({ ...STOPPING, sinceMs: 12_000, killAtMs: 42_000 });
    expect(commands).toEqual([TERM, WATCH]);
  });

  it.each([...USABLE, DRAINING, STOPPING, ...DOWN])("L14: is told so once: $kind", (phase) => {
    expect(onSaved(lifecycleIn(phase), 12_000, policy)).toEqual({
      lifecycle: lifecycleIn(phase),
      commands: [],
    });
  });

  it("L14: keeps nothing where it never came up, failed, or is to end at once", () => {
    expect(stopIn(STARTING, { policy }).lifecycle.phase.kind).toBe("stopping");
    expect(stopIn(READY, { policy, signal: 9 }).lifecycle.phase.kind).toBe("stopping");
    const wedged = onQuiet(lifecycleIn({ ...DRAINING, fault: "wedged" }), 20_000, policy);
    expect(wedged.lifecycle.phase).toMatchObject({ kind: "stopping", fault: "wedged" });
  });

  it("L14: gives it up for a kill, and waits on for another stop", () => {
    const killed = stopIn(SAVING, { policy, signal: 9 });
    expect(killed.lifecycle.phase.kind).toBe("stopping");
    expect(killed.commands).toEqual([{ kind: "signal", signal: 9 }, WATCH]);
    expect(stopIn(SAVING, { policy })).toEqual({ lifecycle: lifecycleIn(SAVING), commands: [] });
    const destroyed = onDestroyRequested(lifecycleIn(SAVING), 11_000);
    expect(destroyed.commands).toEqual([{ kind: "destroy" }, WATCH]);
  });

  it("keeps a trial a trial", () => {
    const { lifecycle } = stopIn({ ...READY, trial: 2 }, { policy });
    expect(onSaved(lifecycle, 12_000, policy).lifecycle.phase).toMatchObject({ trial: 2 });
  });
});
