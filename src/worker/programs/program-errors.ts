import type { StopRecord } from "../../core/lifecycle/phase.ts";
import { ContainerError } from "../../errors/container-error.ts";

/** What a caller gets whose runtime cannot do something. */
export function notSupportedError(member: string, action: string): ContainerError {
  return new ContainerError(
    "NOT_SUPPORTED",
    `Cannot ${action}: this runtime has no ctx.container.${member}(); update Wrangler, and set a recent "compatibility_date"`,
    { details: { member } },
  );
}

/** What a caller gets whose program is not in the image. */
export function missingProgramError(program: string, cause?: unknown): ContainerError {
  return new ContainerError(
    "PROGRAM_NOT_FOUND",
    `Cannot run ${JSON.stringify(program)}: it is no program of the image; add it, or give its whole path`,
    { details: { program }, ...(cause !== undefined && { cause }) },
  );
}

/** What a caller gets whose program the end of its container has cut short. */
export function cutShortError(program: string, record: StopRecord | null): ContainerError {
  const { exitCode = null, cause = "unknown" } = record ?? {};
  return new ContainerError(
    "EXITED",
    `Cannot run ${JSON.stringify(program)} to its end: the container ended with exit code ${exitCode ?? "unknown"} (${cause})`,
    { details: { exitCode, cause } },
  );
}

/** What a caller gets who left before the end of its program. */
export function leftError(program: string): ContainerError {
  return new ContainerError("ABORTED", `Stopped ${JSON.stringify(program)}: the caller left`);
}

/** What a caller gets whose program the runtime did not start within its time. */
export function neverStartedError(program: string, timeoutMs: number): ContainerError {
  return new ContainerError(
    "REQUEST_TIMEOUT",
    `Cannot run ${JSON.stringify(program)}: the runtime has not started it after ${timeoutMs} ms; try again, or raise its timeout`,
    { details: { program, timeoutMs } },
  );
}
