import { backoffMs } from "../backoff.ts";
import type { EventOf } from "./event.ts";
import type { Lifecycle, PendingStop } from "./phase.ts";
import { HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "./policy.ts";
import { stay, type Step } from "./step.ts";

/** Takes note of what came of an `onStop`. L4 */
export function onStopDelivered(lifecycle: Lifecycle, event: EventOf<"stop-delivered">): Step {
  const pending = lifecycle.outbox.find(({ record }) => record.runId === event.runId);
  if (pending === undefined) return stay(lifecycle);
  const { record } = pending;
  const outbox = lifecycle.outbox.filter((other) => other !== pending);
  const without = { ...lifecycle, outbox };
  if (event.outcome === "handled") return stay(without);
  const failures = pending.failures + 1;
  if (failures >= MAX_STOP_DELIVERIES) {
    const text = `Gave up onStop for run ${record.runId}: it kept throwing`;
    return stay(without, { kind: "report", code: "HOOK_FAILED", text });
  }
  const dueAtMs = event.atMs + backoffMs(failures, 1_000, 60_000);
  return stay({ ...lifecycle, outbox: [...outbox, { record, failures, dueAtMs }] });
}

/** Calls the hooks that are due before all else, and waits anew for their answers. L4 */
export function deliver(step: Step, atMs: number, untilMs: number): Step {
  const { lifecycle } = step;
  const isDue = ({ dueAtMs }: PendingStop): boolean => dueAtMs <= untilMs;
  const due = lifecycle.outbox.filter(isDue);
  if (due.length === 0) return step;
  const outbox = lifecycle.outbox.map((pending) =>
    isDue(pending) ? { ...pending, dueAtMs: atMs + HOOK_TIMEOUT_MS } : pending,
  );
  const calls = due.map(({ record }) => ({ kind: "call-on-stop", record }) as const);
  return { lifecycle: { ...lifecycle, outbox }, commands: [...calls, ...step.commands] };
}
