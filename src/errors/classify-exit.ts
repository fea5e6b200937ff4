import { CAPACITY_CODES, type ContainerErrorCode } from "./codes.ts";
import { classifyRuntimeError, read, textOf } from "./from-runtime.ts";

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
}

const CAUSES = [
  ["rollout", /rollout/],
  ["oom", /out of memory|\boom\b/],
  ["signal", /signalled the container/],
] as const;

const ADMISSION: readonly ContainerErrorCode[] = [
  ...CAPACITY_CODES,
  "START_FAILED",
  "NO_CONTAINER",
];

/**
 * Reads how a run ended from what `monitor()` rejected with. Pure.
 *
 * The own property `exitCode` wins over the text. A `destroy(error)` rejects with that very error,
 * so a caller that destroys knows the cause better than this does.
 *
 * @param error what it rejected with
 */
export function classifyExit(error: unknown): Exit {
  const text = textOf(error).toLowerCase();
  const exitCode = exitCodeOf(error, text);
  const cause = CAUSES.find(([, pattern]) => pattern.test(text))?.[0];
  if (cause) return { exitCode, cause };
  if (exitCode !== null) return { exitCode, cause: "exit" };
  const isRefusal = ADMISSION.includes(classifyRuntimeError(error));
  return { exitCode, cause: isRefusal ? "admission" : "unknown" };
}

function exitCodeOf(error: unknown, text: string): number | null {
  const own = read(error, "exitCode");
  if (typeof own === "number" && Number.isInteger(own)) return own;
  const found = /(?:exit code|container to exit)\D*?(\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
