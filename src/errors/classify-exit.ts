import {
  classifyRuntimeError,
  read,
  type RuntimeFault,
  type RuntimeFaultKind,
} from "./from-runtime.ts";

/** How `monitor()` settled. */
export type MonitorOutcome =
  { readonly ok: true } | { readonly ok: false; readonly error: unknown };

/**
 * Why a run ended, as far as the runtime tells: `exit` the process ended by itself or by a signal
 * that we sent; `signal` the runtime ended it; `rollout` a new version took its place; `oom` out of
 * memory; `admission` it never started; `unknown` the runtime's words say nothing.
 */
export type ExitCause = "exit" | "signal" | "rollout" | "oom" | "admission" | "unknown";

/** How a run ended. */
export interface Exit {
  /** The process's own code, 128 + N when signal N ended it; null where the runtime names none. */
  readonly exitCode: number | null;
  readonly cause: ExitCause;
  /** What the runtime said, where that is more than a code. */
  readonly fault?: RuntimeFault;
}

const CAUSES = [
  ["rollout", /rollout/],
  ["oom", /out of memory|\boom\b/],
  ["signal", /signalled the container/],
] as const;

const ADMISSION: readonly RuntimeFaultKind[] = [
  "start-failed",
  "no-instance",
  "max-instances",
  "rate-limited",
  "image-preparing",
  "not-configured",
];

/**
 * Reads how a run ended from how `monitor()` settled. Pure.
 *
 * The own property `exitCode` wins over the text. A `destroy(error)` rejects with that very error,
 * so a caller that destroys knows the cause better than this does.
 *
 * @param outcome how the promise of `monitor()` settled
 */
export function classifyExit(outcome: MonitorOutcome): Exit {
  if (outcome.ok) return { exitCode: 0, cause: "exit" };
  const fault = classifyRuntimeError(outcome.error);
  const text = fault.text.toLowerCase();
  const exitCode = exitCodeOf(outcome.error, text);
  const cause = CAUSES.find(([, pattern]) => pattern.test(text))?.[0];
  if (cause) return { exitCode, cause };
  if (exitCode !== null) return { exitCode, cause: "exit" };
  return { exitCode, cause: ADMISSION.includes(fault.kind) ? "admission" : "unknown", fault };
}

function exitCodeOf(error: unknown, text: string): number | null {
  const own = read(error, "exitCode");
  if (typeof own === "number" && Number.isInteger(own)) return own;
  const found = /(?:exit code|container to exit)\D*?(\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
