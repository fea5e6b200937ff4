/** Why a command of berth ends without doing its work. */
export type CliErrorCode =
  | "BAD_OPTION"
  | "COMMAND_NOT_FOUND"
  | "ENGINE_UNAVAILABLE"
  | "IMAGES_DIR_UNUSABLE"
  | "INTERRUPTED"
  | "NODE_TOO_OLD"
  | "WRANGLER_FAILED"
  | "WRANGLER_NOT_FOUND";

/** An error of the command line; the code also stands at the head of the message. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** What went wrong. */
  readonly code: CliErrorCode;

  /**
   * @param code what went wrong
   * @param text the action, the value, what would do
   * @param options `cause`: the error below
   */
  constructor(code: CliErrorCode, text: string, options?: ErrorOptions) {
    super(`[${code}] ${text}`, options);
    this.code = code;
  }
}
