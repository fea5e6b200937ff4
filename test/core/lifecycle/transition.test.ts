import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CRASH_WINDOW_MS, MAX_CRASHES } from "../../../src/core/lifecycle/crashes.ts";
import type { LifecycleEvent } from "../../../src/core/lifecycle/event.ts";
import { isEnding, isLive, isUsable, newLifecycle } from "../../../src/core/lifecycle/phase.ts";
import { DESTROY_RETRY_MS, MAX_STOP_DELIVERIES } from "../../../src/core/lifecycle/policy.ts";
import { transition } from "../../../src/core/lifecycle/transition.ts";
import { DRAINING, lifecycleIn, POLICY, READY, RUNNING, STARTING, STOPPING } from "./lifecycles.ts";
import { CRASHING, modelledHistory } from "./modelled-history.ts";
import { commandsOf, momentOf, type History, type Moment } from "./moment-of-history.ts";
import { RANDOM_HISTORY } from "./random-history.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Enough to reach every case each time, and no more than takes a tenth of a second. */
const RUNS = { numRuns: 60 };

type Histories = fc.Arbitrary<History>;

const FAIR: Histories = modelledHistory("fair").map(({ moments }) => moments);
const FOUL: Histories = modelledHistory("foul").map(({ moments }) => moments);
const CRASHES: Histories = modelledHistory("fair", CRASHING).map(({ moments }) => moments);

const HISTORIES: readonly (readonly [string, Histories])[] = [
  ["wholly random histories", RANDOM_HISTORY],
  ["histories of a model", FAIR],
  ["histories of a model that fails a lot", FOUL],
  ["histories of a model whose app crashes", CRASHES],
];

/** Every move that an instance can make. */
const MOVES = [
  "stopped → starting, running",
  "backoff → starting, running",
  "failed → starting, running",
  "starting → running, ready, draining, stopping, stopped, backoff, failed",
  "running → ready, draining, saving, stopping, stopped, backoff, failed",
  "ready → draining, saving, stopping, stopped, backoff, failed",
  "draining → saving, stopping, stopped, backoff, failed",
  "saving → stopping, stopped, failed",
  "stopping → stopped, backoff, failed",
].flatMap((line) => {
  const [from = "", to = ""] = line.split(" → ");
  return to.split(", ").map((kind) => `${from} → ${kind}`);
});

function kindsOf({ step }: Moment): readonly string[] {
  return step.commands.map(({ kind }) => kind);
}

function count(moment: Moment, kind: string): number {
  return kindsOf(moment).filter((other) => other === kind).length;
}

function isOneMore(history: readonly number[]): boolean {
  return history.every((run, i) => i === 0 || run > (history[i - 1] ?? Infinity));
}

/** Whether a run that was came to its end: not one that the platform had no room for. */
function hasEnded({ before, event, step }: Moment): boolean {
  const isRefused = event.kind === "start-refused" && event.reason === "capacity";
  return isLive(before.phase) && !isLive(step.lifecycle.phase) && !isRefused;
}

/** Whether what ended a run is the app's doing, told anew. */
function isAppsDoing({ before: { phase }, event }: Moment): boolean {
  if (event.kind === "start-refused") return true;
  if (event.kind !== "exited") return false;
  if (isEnding(phase)) return phase.fault !== undefined;
  const isBroken = event.exit.cause === "exit" && event.exit.exitCode !== 0;
  const isLost = event.exit.cause === "unknown" && phase.kind !== "ready";
  return isBroken || isLost || event.exit.cause === "oom" || event.exit.cause === "admission";
}

describe.each(HISTORIES)("transition() over %s", (_name, arbitrary) => {
  function holds(check: (history: History) => void): void {
    fc.assert(fc.property(arbitrary, check), RUNS);
  }

  /** Looks at each moment by itself. */
  function holdsAt(check: (moment: Moment) => void): void {
    holds((history) => {
      for (const moment of history) check(moment);
    });
  }

  it("L1: starts only where no container exists, once per run", () => {
    holds((history) => {
      const starts = commandsOf(history, "start");
      for (const moment of starts) {
        expect(isLive(moment.before.phase)).toBe(false);
        expect(moment.step.lifecycle.phase.kind).toBe("starting");
        expect(count(moment, "start")).toBe(1);
      }
      expect(isOneMore(starts.map(({ step }) => step.lifecycle.phase.run))).toBe(true);
    });
  });

  it("L2: changes nothing for an event of another run", () => {
    holdsAt(({ before, event, step }) => {
      if (!("run" in event) || event.run === before.phase.run) return;
      expect(step).toEqual({ lifecycle: before, commands: [] });
    });
  });

  it("L3: calls onStart once per run that was started and came up", () => {
    holds((history) => {
      for (const moment of history) {
        const { before, step } = moment;
        const { kind } = step.lifecycle.phase;
        const isUp = before.phase.kind === "starting" && (kind === "running" || kind === "ready");
        expect(count(moment, "call-on-start")).toBe(isUp ? 1 : 0);
      }
      const up = commandsOf(history, "call-on-start");
      expect(isOneMore(up.map(({ step }) => step.lifecycle.phase.run))).toBe(true);
    });
  });

  it("L4: leaves one stop record per run that ended, with its times, and tells of it", () => {
    holdsAt((moment) => {
      const { before, event, step } = moment;
      const known = new Set(before.outbox.map(({ record }) => record.runId));
      const added = step.lifecycle.outbox.filter(({ record }) => !known.has(record.runId));
      if (!hasEnded(moment)) return expect(added).toEqual([]);
      const { phase } = before;
      const record = step.lifecycle.lastStop;
      expect(added.map((pending) => pending.record)).toEqual([record]);
      expect(record).toMatchObject({
        runId: phase.run,
        startedAtMs: "startedAtMs" in phase ? phase.startedAtMs : undefined,
        endedAtMs: event.atMs,
      });
      expect(step.commands[0]).toEqual({ kind: "call-on-stop", record });
    });
  });

  it("L4: keeps a stop record until its hook succeeded or was called in vain to the last", () => {
    holds((history) => {
      const calls = new Map<number, number>();
      for (const { before, event, step } of history) {
        const isHandled = event.kind === "stop-delivered" && event.outcome === "handled";
        const kept = new Set(step.lifecycle.outbox.map(({ record }) => record.runId));
        for (const { record } of before.outbox) {
          const { runId } = record;
          if (kept.has(runId) || (isHandled && event.runId === runId)) continue;
          expect(calls.get(runId)).toBe(MAX_STOP_DELIVERIES);
          expect(step.commands).toContainEqual(expect.objectContaining({ code: "HOOK_FAILED" }));
        }
        for (const command of step.commands) {
          if (command.kind !== "call-on-stop") continue;
          const { runId } = command.record;
          calls.set(runId, (calls.get(runId) ?? 0) + 1);
          expect(calls.get(runId)).toBeLessThanOrEqual(MAX_STOP_DELIVERIES);
        }
      }
    });
  });

  it("L5: gives a stopping run a kill deadline, and destroys it at each one", () => {
    holdsAt((moment) => {
      const { before, event, step, policy } = moment;
      const after = step.lifecycle.phase;
      if (after.kind === "stopping" && after !== before.phase) {
        const graceMs = kindsOf(moment).includes("destroy") ? DESTROY_RETRY_MS : policy.stopGraceMs;
        expect(after.killAtMs).toBe(event.atMs + graceMs);
      }
      if (before.phase.kind !== "stopping" || event.kind !== "alarm") return;
      const isDue = event.atMs >= before.phase.killAtMs;
      expect(kindsOf(moment).includes("destroy")).toBe(isDue);
    });
  });

  it("L6: answers every event with a phase that it knows", () => {
    holdsAt(({ step }) => {
      const { kind } = step.lifecycle.phase;
      const isKnown = isLive(step.lifecycle.phase) || /^(stopped|backoff|failed)$/.test(kind);
      expect(isKnown).toBe(true);
    });
  });

  it("L7: lets run numbers only rise, by one for each run that begins", () => {
    holdsAt(({ before, step }) => {
      const hasBegun = !isLive(before.phase) && isLive(step.lifecycle.phase);
      expect(step.lifecycle.phase.run - before.phase.run).toBe(hasBegun ? 1 : 0);
    });
  });

  it("L8: commands what concerns a container only where the current run has one", () => {
    holdsAt(({ step }) => {
      for (const { kind } of step.commands) {
        if (kind === "call-on-stop" || kind === "report") continue;
        expect(isLive(step.lifecycle.phase)).toBe(true);
      }
    });
  });

  it("L9: starts nothing within the pause after a crash, nor beyond a limit of the user", () => {
    holds((history) => {
      for (const { before, event, policy } of commandsOf(history, "start")) {
        const { phase, usage } = before;
        const { atMs } = event;
        if ("retryAtMs" in phase) expect(atMs).toBeGreaterThanOrEqual(phase.retryAtMs);
        const recent = usage.startsAtMs.filter((at) => at > atMs - HOUR_MS);
        expect(recent.length).toBeLessThan(policy.maxRunsPerHour);
        const isSameDay = usage.day === Math.floor(atMs / DAY_MS);
        expect(isSameDay ? usage.dayRunMs : 0).toBeLessThan(policy.runMsPerDay);
      }
    });
  });

  it("L10: signals only what then has a kill deadline, after a drain that has one", () => {
    holdsAt((moment) => {
      const { before, event, step, policy } = moment;
      const after = step.lifecycle.phase;
      if (after.kind === "draining" && before.phase.kind !== "draining") {
        expect(after.untilMs).toBe(event.atMs + policy.drainMs);
        expect("inFlight" in event && event.inFlight > 0).toBe(true);
      }
      if (count(moment, "signal") === 0) return;
      expect(count(moment, "signal")).toBe(1);
      expect(after.kind).toBe("stopping");
      if (before.phase.kind === "stopping") expect(event.kind).toBe("stop-requested");
      if (before.phase.kind === "draining" && event.kind === "alarm") {
        expect(event.inFlight === 0 || event.atMs >= before.phase.untilMs).toBe(true);
      }
    });
  });

  it("L10: lets a drain end by nothing but its deadline, quiet, force or the container's end", () => {
    holdsAt(({ before, event, step }) => {
      if (before.phase.kind !== "draining" || step.lifecycle.phase.kind === "draining") return;
      expect([
        "alarm",
        "quiet",
        "constructed",
        "stop-requested",
        "destroy-requested",
        "exited",
      ]).toContain(event.kind);
      if (event.kind === "stop-requested") expect(event.signal).toBe(9);
    });
  });

  it("L11: counts as a crash what the app did by itself, and nothing else", () => {
    holdsAt((moment) => {
      const { before, event, step } = moment;
      if (!hasEnded(moment)) return expect(step.lifecycle.crashes).toBe(before.crashes);
      const { crashes, phase } = step.lifecycle;
      if (!isAppsDoing(moment)) return expect(crashes).toBe(before.crashes);
      expect(crashes.atMs.at(-1)).toBe(event.atMs);
      expect(["backoff", "failed"]).toContain(phase.kind);
    });
  });

  it("L11: fails after ten crashes in ten minutes, until a trial was ready or ended well", () => {
    holdsAt((moment) => {
      const { before, event, step } = moment;
      const after = step.lifecycle.phase;
      const was = before.phase;
      if (hasEnded(moment) && isAppsDoing(moment)) {
        const recent = step.lifecycle.crashes.atMs.filter(
          (at) => at > event.atMs - CRASH_WINDOW_MS,
        );
        const isTrial = isLive(was) && was.trial !== undefined;
        expect(after.kind).toBe(isTrial || recent.length >= MAX_CRASHES ? "failed" : "backoff");
      }
      if (was.kind === "failed" && after.kind === "starting") {
        expect(after.trial).toBe(was.trials);
      }
      if (!isLive(was) || was.trial === undefined) return;
      const isOver = after.kind === "ready" || after.kind === "stopped";
      const trials = isLive(after) ? after.trial : "trials" in after ? after.trials : undefined;
      if (!isOver) expect([was.trial, was.trial + 1]).toContain(trials);
      if (after.kind === "stopped") expect(event).toMatchObject({ exit: { exitCode: 0 } });
    });
  });

  it("L12: ends a run whose app is silent, as the app's fault", () => {
    holdsAt((moment) => {
      const { before, event, step } = moment;
      if (event.kind !== "wedged" || event.run !== before.phase.run) return;
      if (!isUsable(before.phase)) return expect(step.commands).toEqual([]);
      const after = step.lifecycle.phase;
      const fault = before.phase.kind === "ready" ? "wedged" : "boot-timeout";
      expect(after).toMatchObject({ cause: "destroy", fault });
      expect(kindsOf(moment)).toContain("report");
      const mayDrain = fault === "wedged" && event.silence === "closed" && event.inFlight > 0;
      if (!mayDrain) expect(kindsOf(moment)).toContain("destroy");
    });
  });
});

describe("transition()", () => {
  const EVENTS: readonly (readonly [LifecycleEvent, string, string, string])[] = [
    [{ kind: "start-requested", atMs: 5_000 }, "stopped", "starting", "start, extend-life"],
    [{ kind: "observed", atMs: 5_000, isRunning: true }, "stopped", "running", "extend-life"],
    [{ kind: "constructed", atMs: 5_000, isRunning: true }, "stopped", "running", "extend-life"],
    [
      { kind: "start-refused", run: 1, reason: "capacity", random: 0, atMs: 5_000 },
      "starting",
      "stopped",
      "",
    ],
    [{ kind: "up", run: 1, atMs: 5_000 }, "starting", "running", "call-on-start"],
    [{ kind: "ready", run: 1, atMs: 5_000 }, "running", "ready", ""],
    [
      { kind: "wedged", run: 1, silence: "hung", inFlight: 0, atMs: 5_000 },
      "ready",
      "stopping",
      "destroy, watch-exit, report",
    ],
    [
      { kind: "exited", run: 1, exit: { exitCode: 1, cause: "exit" }, random: 0, atMs: 5_000 },
      "ready",
      "backoff",
      "call-on-stop",
    ],
    [
      { kind: "stop-requested", signal: 15, inFlight: 1, atMs: 5_000 },
      "ready",
      "draining",
      "close-sockets",
    ],
    [{ kind: "quiet", run: 1, atMs: 5_000 }, "draining", "stopping", "signal, watch-exit"],
    [{ kind: "destroy-requested", atMs: 5_000 }, "ready", "stopping", "destroy, watch-exit"],
    [
      { kind: "alarm", idleAtMs: 0, inFlight: 0, atMs: 50_000 },
      "draining",
      "stopping",
      "signal, watch-exit",
    ],
  ];
  const PHASES = [STARTING, RUNNING, READY, DRAINING, STOPPING];

  it.each(EVENTS)("takes note of $kind", (event, from, to, commands) => {
    const phase = PHASES.find(({ kind }) => kind === from);
    const before = phase === undefined ? newLifecycle(0) : lifecycleIn(phase);
    const moment = momentOf(before, event, POLICY);
    expect(moment.step.lifecycle.phase.kind).toBe(to);
    expect(kindsOf(moment).join(", ")).toBe(commands);
  });

  it("takes note of the hooks' outcomes", () => {
    const expired = lifecycleIn({ ...READY, expiredAtMs: 4_000 });
    const handled = transition(expired, { kind: "expiry-handled", run: 1, atMs: 5_000 }, POLICY);
    expect(handled.lifecycle.phase).toEqual(READY);
    const record = { runId: 1, cause: "exit", exitCode: 0, startedAtMs: 0, endedAtMs: 1 } as const;
    const owing = lifecycleIn(READY, { outbox: [{ record, failures: 0, dueAtMs: 60_001 }] });
    const delivered = { kind: "stop-delivered", runId: 1, outcome: "handled" } as const;
    expect(transition(owing, { ...delivered, atMs: 5_000 }, POLICY).lifecycle.outbox).toEqual([]);
  });

  it("L4: repeats the hooks that are due at an alarm, and all of them in a new object", () => {
    const record = { runId: 1, cause: "exit", exitCode: 0, startedAtMs: 0, endedAtMs: 1 } as const;
    const owing = lifecycleIn(READY, { outbox: [{ record, failures: 0, dueAtMs: 60_000 }] });
    const alarm = { kind: "alarm", idleAtMs: 900_000, inFlight: 0 } as const;
    const call = { kind: "call-on-stop", record };
    expect(transition(owing, { ...alarm, atMs: 59_999 }, POLICY).commands).toEqual([]);
    expect(transition(owing, { ...alarm, atMs: 60_000 }, POLICY).commands).toEqual([call]);
    const constructed = { kind: "constructed", atMs: 5_000, isRunning: true } as const;
    expect(transition(owing, constructed, POLICY).commands).toEqual([
      call,
      { kind: "extend-life" },
    ]);
  });
});

describe("transition() over the histories above", () => {
  it("makes every move that an instance can make, and no other", () => {
    const made = new Set<string>();
    for (const [, histories] of HISTORIES) {
      for (const { before, step } of fc.sample(histories, { seed: 1, numRuns: 400 }).flat()) {
        const [from, to] = [before.phase.kind, step.lifecycle.phase.kind];
        if (from !== to) made.add(`${from} → ${to}`);
      }
    }
    expect([...made].toSorted()).toEqual(MOVES.toSorted());
  });
});

describe("transition() over time", () => {
  /** An instance whose app crashes right after each start, which somebody asks for all the time. */
  function crashLoop(crashes: number, random: number): History {
    const history: Moment[] = [];
    let lifecycle = newLifecycle(0);
    let atMs = 0;
    const take = (event: LifecycleEvent): void => {
      const moment = momentOf(lifecycle, event, POLICY);
      history.push(moment);
      ({ lifecycle } = moment.step);
    };
    for (let i = 0; i < crashes; i += 1) {
      const { phase } = lifecycle;
      if ("retryAtMs" in phase) atMs = phase.retryAtMs;
      take({ kind: "start-requested", atMs });
      const exit = { exitCode: 1, cause: "exit" } as const;
      take({ kind: "exited", run: lifecycle.phase.run, exit, random, atMs });
    }
    return history;
  }

  it("L11: pauses 0, 1, 2, 4 … 60 s, fails at the tenth crash, then tries at 60 s to 10 min", () => {
    const expected = [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 120, 240, 480, 600, 600];
    for (const [random, factor] of [
      [0, 0.8],
      [0.5, 1],
      [1, 1.2],
    ] as const) {
      const ends = crashLoop(expected.length, random).filter(hasEnded);
      const pauses = ends.map(({ event, step: { lifecycle } }) =>
        "retryAtMs" in lifecycle.phase ? lifecycle.phase.retryAtMs - event.atMs : -1,
      );
      expect(pauses).toEqual(expected.map((seconds) => Math.round(seconds * 1_000 * factor)));
      const kinds = ends.map(({ step }) => step.lifecycle.phase.kind);
      expect(kinds.indexOf("failed")).toBe(9);
      expect(kinds.slice(9).every((kind) => kind === "failed")).toBe(true);
    }
  });

  it("L11: begins anew at no pause once an app lasted ten minutes", () => {
    const looped = crashLoop(5, 0.5).at(-1)?.step.lifecycle ?? newLifecycle(0);
    const startAtMs = 100_000;
    const started = transition(looped, { kind: "start-requested", atMs: startAtMs }, POLICY);
    const { run } = started.lifecycle.phase;
    const ready = transition(started.lifecycle, { kind: "ready", run, atMs: startAtMs }, POLICY);
    const exit = { exitCode: 1, cause: "exit" } as const;
    const atMs = startAtMs + CRASH_WINDOW_MS;
    const crashed = transition(
      ready.lifecycle,
      { kind: "exited", run, exit, random: 1, atMs },
      POLICY,
    );
    expect(crashed.lifecycle.phase).toMatchObject({ kind: "backoff", retryAtMs: atMs });
  });

  it("L9: spends a day's budget until midnight of UTC, and a new one after it", () => {
    const policy = { ...POLICY, runMsPerDay: HOUR_MS };
    const beginMs = DAY_MS - 2 * HOUR_MS;
    const begun = momentOf(
      newLifecycle(beginMs),
      { kind: "start-requested", atMs: beginMs },
      policy,
    );
    const spentAtMs = beginMs + HOUR_MS;
    const alarm = { kind: "alarm", idleAtMs: DAY_MS * 2, inFlight: 0 } as const;
    const early = transition(begun.step.lifecycle, { ...alarm, atMs: spentAtMs - 1 }, policy);
    expect(early.commands).toEqual([]);
    const spent = transition(begun.step.lifecycle, { ...alarm, atMs: spentAtMs }, policy);
    expect(spent.lifecycle.phase).toMatchObject({ kind: "stopping", cause: "stop" });
    const exit = { exitCode: 143, cause: "exit" } as const;
    const { lifecycle } = transition(
      spent.lifecycle,
      { kind: "exited", run: 1, exit, random: 0, atMs: spentAtMs + 5 },
      policy,
    );
    const at = (atMs: number) =>
      transition(lifecycle, { kind: "start-requested", atMs }, policy).lifecycle.phase.kind;
    expect([at(spentAtMs + 10), at(DAY_MS - 1), at(DAY_MS)]).toEqual([
      "stopped",
      "stopped",
      "starting",
    ]);
  });

  it("L9: gives a run that goes on over midnight the new day's budget", () => {
    const policy = { ...POLICY, runMsPerDay: HOUR_MS };
    const beginMs = DAY_MS - HOUR_MS / 2;
    const { lifecycle } = transition(
      newLifecycle(beginMs),
      { kind: "start-requested", atMs: beginMs },
      policy,
    );
    const alarm = { kind: "alarm", idleAtMs: DAY_MS * 2, inFlight: 0 } as const;
    const at = (atMs: number) => transition(lifecycle, { ...alarm, atMs }, policy).commands.length;
    expect([at(DAY_MS), at(DAY_MS + HOUR_MS - 1)]).toEqual([0, 0]);
    expect(at(DAY_MS + HOUR_MS)).toBeGreaterThan(0);
  });

  it("L9: begins so many runs within any hour as maxRunsPerHour allows", () => {
    fc.assert(
      fc.property(modelledHistory("fair"), ({ moments, character: { policy } }) => {
        const starts = commandsOf(moments, "start").map(({ event }) => event.atMs);
        for (const [i, atMs] of starts.entries()) {
          const within = starts.slice(0, i + 1).filter((other) => other > atMs - HOUR_MS);
          expect(within.length).toBeLessThanOrEqual(policy.maxRunsPerHour);
        }
      }),
      RUNS,
    );
  });

  it("L11: restarts, once ten crashes are within ten minutes, no sooner than 48 s after", () => {
    let busy = 0;
    fc.assert(
      fc.property(modelledHistory("fair", CRASHING), ({ moments }) => {
        const crashesAtMs: number[] = [];
        for (const moment of moments) {
          const { atMs } = moment.event;
          if (hasEnded(moment) && isAppsDoing(moment)) crashesAtMs.push(atMs);
          const lastMs = crashesAtMs.at(-1) ?? 0;
          const recent = crashesAtMs.filter((at) => at > lastMs - CRASH_WINDOW_MS);
          if (recent.length < MAX_CRASHES || count(moment, "start") === 0) continue;
          busy += 1;
          expect(atMs - lastMs).toBeGreaterThanOrEqual(48_000);
        }
      }),
      RUNS,
    );
    expect(busy).toBeGreaterThan(0);
  });

  it("I1: never starts beside a container that runs", () => {
    fc.assert(
      fc.property(modelledHistory("foul"), ({ moments }) => {
        for (const moment of moments) {
          if (count(moment, "start") > 0) expect(moment.wasRunning).toBe(false);
        }
      }),
      RUNS,
    );
  });

  it("I7: tells what nobody needs to end within sleepAfter, drain, grace and a minute", () => {
    fc.assert(
      fc.property(modelledHistory("fair"), ({ moments, character: { policy } }) => {
        const { sleepAfterMs, drainMs, stopGraceMs } = policy;
        let endingSinceMs: number | undefined;
        let hookLostAtMs = 0;
        for (const { before, event, step, lastActivityMs, leases } of moments) {
          const { phase } = step.lifecycle;
          const isHookLost = event.kind === "constructed" && "expiredAtMs" in before.phase;
          if (isHookLost) hookLostAtMs = event.atMs;
          if (isUsable(phase) && leases === 0) {
            const neededMs = Math.max(lastActivityMs, phase.startedAtMs, hookLostAtMs);
            expect(event.atMs - neededMs).toBeLessThanOrEqual(sleepAfterMs + 60_000);
          }
          if (!isEnding(phase)) endingSinceMs = undefined;
          else endingSinceMs ??= event.atMs;
          const isDestroyed = step.commands.some(({ kind }) => kind === "destroy");
          if (!isEnding(phase) || isDestroyed || endingSinceMs === undefined) continue;
          expect(event.atMs - endingSinceMs).toBeLessThanOrEqual(
            drainMs + stopGraceMs + DESTROY_RETRY_MS + 1_000,
          );
        }
      }),
      RUNS,
    );
  });

  it.each(["fair", "foul"] as const)("I7: comes to rest when left alone, fortune %s", (fortune) => {
    fc.assert(
      fc.property(modelledHistory(fortune), ({ model, character: { policy } }) => {
        model.wait(policy.sleepAfterMs + 2 * HOUR_MS);
        expect(isLive(model.instance.lifecycle.phase)).toBe(false);
        expect(model.isRunning).toBe(false);
        expect(model.instance.lifecycle.outbox).toEqual([]);
        expect(model.instance.alarmAtMs).toBeNull();
      }),
      RUNS,
    );
  });

  it("I11: sets an alarm where something is owed, and only there, never in the past", () => {
    fc.assert(
      fc.property(modelledHistory("foul"), ({ moments }) => {
        for (const { event, step, alarmAtMs } of moments) {
          const { phase, outbox } = step.lifecycle;
          const isOwing = isLive(phase) || outbox.length > 0;
          expect(alarmAtMs !== null).toBe(isOwing);
          if (alarmAtMs !== null) expect(alarmAtMs).toBeGreaterThanOrEqual(event.atMs);
        }
      }),
      RUNS,
    );
  });

  // A lease that lives is looked at once a second with no sleepAfter; hooks are repeated besides.
  it("I11: does not wake the object more than once a second for long", () => {
    fc.assert(
      fc.property(modelledHistory("foul"), ({ alarmsAtMs, moments }) => {
        for (const [i, atMs] of alarmsAtMs.entries()) {
          const within = alarmsAtMs.slice(0, i + 1).filter((other) => other > atMs - 10_000);
          const happened = moments.filter(
            ({ event }) =>
              event.kind !== "alarm" && event.atMs > atMs - 10_000 && event.atMs <= atMs,
          );
          expect(within.length).toBeLessThanOrEqual(15 + happened.length);
        }
      }),
      RUNS,
    );
  });
});
