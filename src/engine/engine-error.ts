/** What went wrong in the engine; each code has one HTTP status in the Docker API. */
export type EngineErrorCode = keyof typeof HTTP_STATUS;

const HTTP_STATUS = {
  BAD_REQUEST: 400,
  LAUNCH_FAILED: 400,
  NO_SUCH_CONTAINER: 404,
  NO_SUCH_ENDPOINT: 404,
  NO_SUCH_EXEC: 404,
  NO_SUCH_IMAGE: 404,
  NO_SUCH_NETWORK: 404,
  NO_SUCH_PATH: 404,
  NO_SUCH_VOLUME: 404,
  CONFLICT: 409,
  NOT_RUNNING: 409,
  TOO_LARGE: 413,
  ENGINE_FAILED: 500,
  SOCKET_UNAVAILABLE: 500,
  STATE_DIR_UNUSABLE: 500,
  NOT_SUPPORTED: 501,
  ENGINE_CLOSED: 503,
} as const;

/** An error of the embedded engine. The code also stands at the head of the message. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** What went wrong. */
  readonly code: EngineErrorCode;
  /** The status of an API answer that reports it. */
  readonly status: number;

  /**
   * @param code what went wrong
   * @param text the action, the value, what would do
   * @param options `cause`: the error below
   */
  constructor(code: EngineErrorCode, text: string, options?: ErrorOptions) {
    super(`[${code}] ${text}`, options);
    this.code = code;
    this.status = HTTP_STATUS[code];
  }
}
