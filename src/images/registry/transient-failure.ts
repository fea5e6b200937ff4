import { ImageError, type ImageErrorCode } from "../image-error.ts";

/** A failure that another try may mend; the error that is thrown when no try did. */
export class TransientFailure extends ImageError {
  /** When the registry said to come back. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ImageErrorCode,
    text: string,
    options?: ErrorOptions & { readonly retryAfterMs?: number | undefined },
  ) {
    super(code, text, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}
