import type { EventOf, LifecycleEvent } from "./event.ts";
import { isLive, type Lifecycle } from "./phase.ts";
import type { Policy } from "./policy.ts";
import { onSaved, send } from "./run-stop.ts";
import { startGate } from "./start-gate.ts";
import { move, stay, type Step } from "./step.ts";
import { withStart } from "./usage.ts";

type Observation = Extract<LifecycleEvent, { isRunning: boolean }>;

/**
 * A new object in memory takes up what the last one left. What was in flight is gone with that, so
 * a drain is over; and so is a hook that was under way.
 */
export function onConstructed(lifecycle: Lifecycle, event: Observation, policy: Policy): Step {
  const { phase } = lifecycle;
  if (!isLive(phase) || !event.isRunning) return onObserved(lifecycle, event);
  if (phase.kind === "draining") return send(lifecycle, phase, { ...event, policy });
  if (phase.kind === "saving" && event.atMs < phase.untilMs)
    return stay(lifecycle, { kind: "save" });
  if (phase.kind === "saving") return onSaved(lifecycle, event.atMs, policy);
  if (phase.kind === "stopping") return stay(lifecycle, { kind: "watch-exit" });
  const { expiredAtMs: _lost, ...kept } = phase;
  return move(lifecycle, kept, { kind: "extend-life" });
}

/**
 * Compares what we believe with what the runtime says. A container without a record is adopted:
 * the record was lost with the object, so nobody else will ever stop it.
 */
export function onObserved(lifecycle: Lifecycle, { atMs, isRunning }: Observation): Step {
  const { phase } = lifecycle;
  if (isLive(phase) === isRunning) return stay(lifecycle);
  if (isLive(phase)) return stay(lifecycle, { kind: "watch-exit" });
  const run = phase.run + 1; // L7
  const adopted = { kind: "running", run, sinceMs: atMs, startedAtMs: atMs } as const;
  const usage = withStart(lifecycle.usage, atMs);
  return move({ ...lifecycle, usage, origin: null }, adopted, { kind: "extend-life" });
}

export function onStartRequested(
  lifecycle: Lifecycle,
  { atMs, origin = {} }: EventOf<"start-requested">,
  policy: Policy,
): Step {
  const { phase } = lifecycle;
  if (isLive(phase)) return stay(lifecycle); // L1
  if (startGate(lifecycle, policy, atMs).kind === "closed") return stay(lifecycle); // L9
  const run = phase.run + 1; // L7
  const trial = phase.kind === "failed" ? { trial: phase.trials } : undefined;
  const starting = { kind: "starting", run, sinceMs: atMs, startedAtMs: atMs, ...trial } as const;
  const usage = withStart(lifecycle.usage, atMs);
  const begun = { ...lifecycle, usage, origin };
  return move(begun, starting, { kind: "start" }, { kind: "extend-life" });
}

export function onUp(lifecycle: Lifecycle, kind: "running" | "ready", atMs: number): Step {
  const { phase } = lifecycle;
  const isFirst = phase.kind === "starting";
  if (!isFirst && (phase.kind !== "running" || kind === "running")) return stay(lifecycle);
  const commands = isFirst ? [{ kind: "call-on-start" } as const] : []; // L3
  if (kind === "running") return move(lifecycle, { ...phase, kind, sinceMs: atMs }, ...commands);
  const { trial: _passed, ...live } = phase; // L11
  return move(lifecycle, { ...live, kind, sinceMs: atMs }, ...commands);
}
