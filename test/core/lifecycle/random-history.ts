import fc from "fast-check";
import type { LifecycleEvent } from "../../../src/core/lifecycle/event.ts";
import type { Lifecycle, Phase } from "../../../src/core/lifecycle/phase.ts";
import type { Policy } from "../../../src/core/lifecycle/policy.ts";
import { DOWN, DRAINING, lifecycleIn, LIVE, POLICY, STOPPING } from "./lifecycles.ts";
import { momentOf, type History } from "./moment-of-history.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Settings that bite now and then. */
export const ANY_POLICY: fc.Arbitrary<Policy> = fc
  .record({
    sleepAfterMs: fc.constantFrom(0, 5_000, 60_000, 600_000),
    drainMs: fc.constantFrom(0, 1_000, 30_000),
    saveIdleMs: fc.constantFrom(0, 0, 5_000),
    saveStopMs: fc.constantFrom(0, 0, 60_000),
    stopGraceMs: fc.constantFrom(0, 1_000, 30_000),
    maxLifetimeMs: fc.constantFrom(Infinity, Infinity, HOUR_MS),
    maxRunsPerHour: fc.constantFrom(Infinity, Infinity, 3),
    runMsPerDay: fc.constantFrom(Infinity, Infinity, 2 * HOUR_MS, DAY_MS),
  })
  .map((settings) => ({ ...POLICY, ...settings }));

// Mostly of the present run, sometimes of the one before, or of one that cannot be yet.
const RUN = fc.constantFrom(0, 0, 0, 0, -1, 1);
const AT = fc.integer({ min: 0, max: 2 * DAY_MS });
const RANDOM = fc.double({ min: 0, max: 1, noNaN: true });
const IN_FLIGHT = fc.constantFrom(0, 0, 1, 5);

const EVENT: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("constructed", "observed"),
    atMs: AT,
    isRunning: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom("start-requested", "start-requested"), atMs: AT }),
  fc.record({
    kind: fc.constant("start-refused"),
    atMs: AT,
    run: RUN,
    reason: fc.constantFrom("capacity", "failure"),
    random: RANDOM,
  }),
  fc.record({
    kind: fc.constantFrom("up", "ready", "expiry-handled", "quiet", "saved"),
    atMs: AT,
    run: RUN,
  }),
  fc.record({
    kind: fc.constant("expiry-handled"),
    atMs: AT,
    run: RUN,
    isOutdated: fc.boolean(),
    inFlight: IN_FLIGHT,
  }),
  fc.record({
    kind: fc.constant("outdated"),
    atMs: AT,
    run: RUN,
    how: fc.constantFrom("drain", "now"),
    inFlight: IN_FLIGHT,
  }),
  fc.record({
    kind: fc.constant("wedged"),
    atMs: AT,
    run: RUN,
    silence: fc.constantFrom("closed", "hung"),
    inFlight: IN_FLIGHT,
  }),
  fc.record({
    kind: fc.constant("exited"),
    atMs: AT,
    run: RUN,
    exit: fc.record({
      exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
      cause: fc.constantFrom("exit", "signal", "rollout", "oom", "admission", "unknown"),
    }),
    random: RANDOM,
  }),
  fc.record({
    kind: fc.constant("stop-requested"),
    atMs: AT,
    signal: fc.constantFrom(2, 9, 15),
    inFlight: IN_FLIGHT,
  }),
  fc.record({ kind: fc.constant("destroy-requested"), atMs: AT }),
  fc.record({ kind: fc.constant("alarm"), atMs: AT, idleAtMs: AT, inFlight: IN_FLIGHT }),
  fc.record({
    kind: fc.constant("stop-delivered"),
    atMs: AT,
    runId: RUN,
    outcome: fc.constantFrom("handled", "failed"),
  }),
);

/** Each phase, as itself or as a trial, and on the brink of failure. */
const BEGINNING: fc.Arbitrary<Lifecycle> = fc
  .record({
    phase: fc.constantFrom<Phase>(
      ...DOWN,
      ...LIVE,
      ...LIVE.map((phase) => ({ ...phase, trial: 1 })),
      ...[DRAINING, STOPPING].map((phase) => ({ ...phase, fault: "wedged" as const })),
    ),
    crashes: fc
      .constantFrom(0, 9)
      .map((streak) => ({ streak, atMs: Array<number>(streak).fill(0) })),
  })
  .filter(({ phase }) => !("trial" in phase && phase.kind === "ready"))
  .map(({ phase, crashes }) => lifecycleIn(phase, { crashes }));

/** Events of any kind in any order, at times that jump forth and back, from any phase on. */
export const RANDOM_HISTORY: fc.Arbitrary<History> = fc
  .tuple(ANY_POLICY, BEGINNING, fc.array(EVENT, { minLength: 1, maxLength: 60, size: "max" }))
  .map(([policy, beginning, events]) => {
    let lifecycle = beginning;
    const history = events.map((event) => {
      const moment = momentOf(lifecycle, aim(event, lifecycle.phase.run), policy);
      ({ lifecycle } = moment.step);
      return moment;
    });
    const aimed = history.map(({ event }) => event);
    return Object.assign(history, {
      [fc.toStringMethod]: () => fc.stringify([policy, beginning, aimed]),
    });
  });

/** Counts the run of an event from the present one. */
function aim(event: LifecycleEvent, run: number): LifecycleEvent {
  if ("run" in event) return { ...event, run: run + event.run };
  return "runId" in event ? { ...event, runId: run + event.runId } : event;
}
