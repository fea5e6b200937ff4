import { ImageError } from "../image-error.ts";
import type { Answer } from "./exchange.ts";
import { readBounded } from "./read-bounded.ts";
import { TransientFailure } from "./transient-failure.ts";

const REASON_LIMIT_BYTES = 64 * 1024;
const REASON_LIMIT_CHARACTERS = 500;

/** How an answer that refuses is to be taken. */
export interface FailureOptions {
  /** What to say of the credentials when it is a denial. */
  readonly denial?: string;
  /** Another try may do, whatever the status says. */
  readonly isTransient?: boolean;
}

/** Makes an error of an answer that refuses; reads its body. */
export async function toRegistryFailure(
  answer: Answer,
  { denial, isTransient = isTransientStatus(answer.status) }: FailureOptions = {},
): Promise<ImageError> {
  const { status, url, purpose } = answer;
  const reason = await readReason(answer);
  const text = `Cannot ${purpose}: ${url.host} answers ${status}${reason}`;
  if (isTransient) {
    const retryAfterMs = parseRetryAfter(answer.header("retry-after"));
    const seconds = Math.ceil((retryAfterMs ?? 0) / 1000);
    const when = retryAfterMs === undefined ? "later" : `in ${seconds} s`;
    return new TransientFailure("REGISTRY_FAILED", `${text}; try again ${when}`, { retryAfterMs });
  }
  if (status === 401 || status === 403) {
    return new ImageError("REGISTRY_DENIED", denial === undefined ? text : `${text}; ${denial}`);
  }
  if (status === 404) {
    return new ImageError("NO_SUCH_IMAGE", `${text}; check the repository's name and the tag`);
  }
  return new ImageError("REGISTRY_FAILED", text);
}

function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** What the registry said, in one line, bounded, without what could be a secret. */
async function readReason(answer: Answer): Promise<string> {
  const bytes = await readBounded(answer, REASON_LIMIT_BYTES).catch(() => Buffer.alloc(0));
  const text = bytes.toString("utf8");
  const reason = (parseErrors(text) ?? text)
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, "$1 …")
    .trim()
    .slice(0, REASON_LIMIT_CHARACTERS);
  return reason === "" ? "" : `: ${reason}`;
}

/** The specification's `{errors: [{code, message}]}`, or what token servers answer. */
function parseErrors(text: string): string | undefined {
  const body = parseJson(text);
  if (typeof body !== "object" || body === null) return undefined;
  if ("errors" in body && Array.isArray(body.errors)) {
    return body.errors.slice(0, 5).map(describeError).join(", ");
  }
  return "details" in body && typeof body.details === "string" ? body.details : undefined;
}

function describeError(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const code = "code" in error ? String(error.code) : "";
  const message = "message" in error ? String(error.message) : "";
  return [code, message].filter((part) => part !== "").join(" ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page is shown as it is
  }
}

/** @returns milliseconds from now; undefined when there is no time in it */
function parseRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}
