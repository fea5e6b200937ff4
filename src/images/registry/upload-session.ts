import { ImageError } from "../image-error.ts";
import type { ShortAnswer } from "./open-registry.ts";

/** An upload that a registry has begun to take. */
export interface UploadSession {
  /** Where the next request goes; a new one after each. */
  readonly location: URL;
  /** How much the registry has. */
  readonly offset: number;
  readonly minChunkBytes: number;
  readonly maxChunkBytes: number;
}

/**
 * Reads an answer of an upload.
 *
 * @param offset what the registry has when it does not say
 * @throws {ImageError} REGISTRY_FAILED when it does not say where to send the rest
 */
export function readSession(
  answer: Pick<ShortAnswer, "header" | "purpose" | "url">,
  offset: number,
  before?: UploadSession,
): UploadSession {
  const minChunkBytes = readLength(answer.header("oci-chunk-min-length"));
  const maxChunkBytes = readLength(answer.header("oci-chunk-max-length"));
  const { minChunkBytes: least, maxChunkBytes: most } = before ?? ANY_CHUNK;
  return {
    location: readLocation(answer, before),
    offset: readOffset(answer.header("range")) ?? offset,
    minChunkBytes: minChunkBytes ?? least,
    maxChunkBytes: maxChunkBytes ?? most,
  };
}

const ANY_CHUNK = { minChunkBytes: 1, maxChunkBytes: Infinity };

function readLocation(
  { header, url, purpose }: Pick<ShortAnswer, "header" | "purpose" | "url">,
  before: UploadSession | undefined,
): URL {
  const location = header("location") ?? before?.location.href;
  if (location !== undefined && URL.canParse(location, url.href)) return new URL(location, url);
  throw new ImageError(
    "REGISTRY_FAILED",
    `Cannot ${purpose}: ${url.host} begins an upload without saying where`,
  );
}

/**
 * Reads the Range of an upload, "0-1023" of 1024 bytes. "0-0" is what registries say of nothing, too:
 * it is taken so, since an upload of one byte is not worth resuming.
 */
export function readOffset(range: string | undefined): number | undefined {
  const last = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(range ?? "")?.[1];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

function readLength(header: string | undefined): number | undefined {
  return header !== undefined && /^[1-9]\d{0,14}$/.test(header) ? Number(header) : undefined;
}
