import { backoffMs } from "../backoff.ts";
import type { Command } from "./command.ts";
import type { EventOf } from "./event.ts";
import type { Lifecycle, PendingStop } from "./phase.ts";
import { HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "./policy.ts";
import { stay, type Step } from "./step.ts";

/** Takes note of what came of an `onStop`. L4 */
export function onStopDelivered(lifecycle: Lifecycle, event: EventOf<"stop-delivered">): Step {
  const pending = lifecycle.outbox.find(({ record }) => record.runId === event.runId);
  if (pending === undefined) return stay(lifecycle);
  const outbox = lifecycle.outbox.filter((other) => other !== pending);
  const without = { ...lifecycle, outbox };
  if (event.outcome === "handled") return stay(without);
  if (isLast(pending)) return stay(without, gaveUp(pending));
  const dueAtMs = event.atMs + backoffMs(pending.failures + 1, 1_000, 60_000);
  return stay({ ...lifecycle, outbox: [...outbox, { ...pending, dueAtMs }] });
}

/**
 * Calls the hooks that are due before all else, and waits anew for their answers. One whose last
 * call was never answered is given up: it may be what ends the object each time. L4
 */
export function deliver(step: Step, atMs: number, untilMs: number): Step {
  const { lifecycle } = step;
  const due = lifecycle.outbox.filter(({ dueAtMs }) => dueAtMs <= untilMs);
  if (due.length === 0) return step;
  const dueAtMs = atMs + HOOK_TIMEOUT_MS;
  const outbox = lifecycle.outbox
    .filter((pending) => !due.includes(pending) || !isLast(pending))
    .map((pending) =>
      due.includes(pending) ? { ...pending, failures: pending.failures + 1, dueAtMs } : pending,
    );
  const calls = due.map((pending) => (isLast(pending) ? gaveUp(pending) : call(pending)));
  return { lifecycle: { ...lifecycle, outbox }, commands: [...calls, ...step.commands] };
}

/** Whether there is no further call after the one that was made. */
function isLast({ failures }: PendingStop): boolean {
  return failures + 1 >= MAX_STOP_DELIVERIES;
}

function call({ record }: PendingStop): Command {
  return { kind: "call-on-stop", record };
}

function gaveUp({ record }: PendingStop): Command {
  const text = `Gave up onStop for run ${record.runId}: it kept failing, or never returned`;
  return { kind: "report", code: "HOOK_FAILED", text };
}
