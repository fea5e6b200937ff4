/** What went wrong with an image. */
export type ImageErrorCode =
  | "ACCOUNT_FULL"
  | "ARCHIVE_INVALID"
  | "ARCHIVE_TOO_LARGE"
  | "ARCHIVE_UNSAFE"
  | "BAD_REFERENCE"
  | "BLOB_NOT_FOUND"
  | "BUILDER_FAILED"
  | "CONFIG_NOT_EDITABLE"
  | "COPY_FAILED"
  | "CREDENTIALS_FAILED"
  | "DIGEST_MISMATCH"
  | "DISK_FULL"
  | "DOCKERFILE_INVALID"
  | "DOCKERFILE_UNSUPPORTED"
  | "HOST_BASED"
  | "IMAGE_IN_USE"
  | "IMAGE_TOO_LARGE"
  | "IMAGE_UNFIT"
  | "MANIFEST_INVALID"
  | "NO_SUCH_IMAGE"
  | "OUTPUT_EXISTS"
  | "PLATFORM_MISSING"
  | "REGISTRY_DENIED"
  | "REGISTRY_FAILED"
  | "REGISTRY_UNREACHABLE"
  | "RUN_FAILED"
  | "RUN_NOT_ALLOWED";

/** An error of building or keeping images. The code also stands at the head of the message. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  /** What went wrong. */
  readonly code: ImageErrorCode;
  /** The line of the Dockerfile, from 1. */
  readonly line: number | undefined;

  /**
   * @param code what went wrong
   * @param text the action, the value, what would do
   * @param options `line`: of the Dockerfile; `cause`: the error below
   */
  constructor(
    code: ImageErrorCode,
    text: string,
    options?: ErrorOptions & { readonly line?: number },
  ) {
    super(`[${code}] ${text}`, options);
    this.code = code;
    this.line = options?.line;
  }
}
