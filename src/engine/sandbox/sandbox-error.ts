/** Why the sandbox refused. */
export type SandboxErrorCode =
  | "HOST_TOOL_MISSING"
  | "NAMESPACES_FORBIDDEN"
  | "POD_CLOSED"
  | "POD_START_FAILED"
  | "APP_RUNNING"
  | "APP_NOT_RUNNING"
  | "LAUNCH_FAILED"
  | "EXEC_FAILED"
  | "USER_UNKNOWN"
  | "ROOTFS_INVALID"
  | "PATH_INVALID"
  | "PATH_NOT_FOUND"
  | "ARCHIVE_INVALID";

/** An error of the process sandbox; the code stands in the message too. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  /** Stable, for programs. */
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options);
    this.code = code;
  }
}
