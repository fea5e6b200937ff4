import type { ResourceGroup } from "./memory-control.ts";
import type { ProcessExit } from "./sandbox.ts";

/** How a shell tells SIGKILL, by which the kernel ends what takes too much memory. */
export const KILLED_EXIT_CODE = 137;

/** Says how a process of a group ended. */
export function toProcessExit(exitCode: number, group: ResourceGroup): ProcessExit {
  return { exitCode, isOutOfMemory: exitCode === KILLED_EXIT_CODE && group.hasKilled() };
}
