import { ImageError } from "../image-error.ts";
import { TransientFailure } from "./transient-failure.ts";

/** What is known of the connection that failed. */
interface FailedConnection {
  readonly url: URL;
  /** What the request was for. */
  readonly purpose: string;
}

/** What OpenSSL and Node call the certificates that they refuse, and what would do. */
const tlsAdvice: ReadonlyMap<string, string> = new Map([
  ["CERT_HAS_EXPIRED", "its certificate has expired; renew it, or check this machine's clock"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet; check this machine's clock"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another host; use the name it is for"],
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"].map(
    (code) => [code, "its certificate is self-signed; name it in NODE_EXTRA_CA_CERTS"] as const,
  ),
  ...["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"].map(
    (code) =>
      [
        code,
        "nobody knows who issued its certificate; name the issuer's in NODE_EXTRA_CA_CERTS",
      ] as const,
  ),
  ...["ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO", "ERR_SSL_PACKET_LENGTH_TOO_LONG"].map(
    (code) => [code, "it does not speak TLS; plain HTTP has to be allowed for this host"] as const,
  ),
]);

const transientCodes = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ETIMEDOUT",
]);

/** Makes an error of what the network threw: one that another try may mend, or one that says why. */
export function explainNetworkError(cause: unknown, { url, purpose }: FailedConnection): unknown {
  if (cause instanceof ImageError) return cause;
  const code = codeOf(cause);
  const advice = tlsAdvice.get(code);
  if (advice !== undefined) {
    return new ImageError(
      "REGISTRY_UNREACHABLE",
      `Cannot ${purpose}: cannot trust registry ${url.host}: ${advice} (${code})`,
      { cause },
    );
  }
  const text = `Cannot ${purpose}: cannot reach registry ${url.host}: ${reasonOf(cause, code)}`;
  if (!transientCodes.has(code)) {
    return new ImageError("REGISTRY_UNREACHABLE", `${text}; check the host's name`, { cause });
  }
  return new TransientFailure(
    "REGISTRY_UNREACHABLE",
    `${text}; check that it runs, and the way to it`,
    { cause },
  );
}

function codeOf(cause: unknown): string {
  const isCoded = typeof cause === "object" && cause !== null && "code" in cause;
  return isCoded ? String(cause.code) : "";
}

function reasonOf(cause: unknown, code: string): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  // An AggregateError of several addresses has no message of its own.
  return message === "" ? code : message.slice(0, 300);
}
