import { isIP } from "node:net";

import { ImageError } from "../image-error.ts";
import { createAuthenticator, type Authenticator } from "./authenticator.ts";
import type { CredentialSource } from "./credentials.ts";
import { createExchange, type Answer, type Exchange, type RequestBody } from "./exchange.ts";
import { createTokenFetcher } from "./fetch-token.ts";
import { readBounded } from "./read-bounded.ts";
import { toRegistryFailure } from "./registry-failure.ts";
import { defaultRetryPolicy, retrying, type RetryPolicy } from "./retry-policy.ts";

/** How registries are talked to. */
export interface RegistryOptions {
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  /** Differences from the usual patience: six tries, five minutes. */
  readonly retry?: Partial<RetryPolicy>;
  /** Blobs that travel at once (default: 4). */
  readonly concurrency?: number;
  /** Which hosts, with the port, are spoken to without TLS (default: this machine's loopback). */
  readonly isPlainHttp?: (host: string) => boolean;
  /** Ends everything. */
  readonly signal?: AbortSignal;
  /** How long a registry may neither say nor take anything (default: 60_000). */
  readonly silenceMs?: number;
}

/** A request to a registry. */
export interface RegistryCall {
  readonly method: "DELETE" | "GET" | "HEAD" | "PATCH" | "POST" | "PUT";
  readonly registryHost: string;
  /** A path below the host, or the address that an answer before gave. */
  readonly path: string | URL;
  /** What has to be allowed: "repository:app:pull" and the like. */
  readonly scopes: readonly string[];
  /** What it is for, for the messages of errors: "push app:1". */
  readonly purpose: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Statuses above 299 that are an answer and no failure. */
  readonly accepts?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** When it differs from the registry's. */
  readonly silenceMs?: number;
}

/** An answer that was read whole. */
export interface ShortAnswer extends Omit<Answer, "body"> {
  readonly bytes: Buffer;
}

/** Talks to registries. */
export interface Registry {
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly retry: RetryPolicy;
  readonly silenceMs: number;
  /**
   * Sends a request once, with credentials, and follows redirects; the body has to be read.
   *
   * @throws {ImageError} REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_FAILED, NO_SUCH_IMAGE;
   *   of them a TransientFailure when another try may do
   */
  send(call: RegistryCall): Promise<Answer>;
  /** Sends a request until it is answered, and reads the answer. */
  ask(call: RegistryCall, limitBytes?: number): Promise<ShortAnswer>;
  /** Closes the connections that are kept. */
  close(): void;
}

const REDIRECT_LIMIT = 5;
const SHORT_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;

/** Makes a client of OCI registries. */
export function openRegistry(options: RegistryOptions): Registry {
  return new HttpRegistry(options);
}

function isLoopback(host: string): boolean {
  const name = new URL(`http://${host}`).hostname.replaceAll(/[[\]]/g, "");
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}

class HttpRegistry implements Registry {
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly retry: RetryPolicy;
  readonly silenceMs: number;
  readonly #isPlainHttp: (host: string) => boolean;
  readonly #userAgent: string;
  readonly #exchange: Exchange = createExchange();
  readonly #authenticator: Authenticator;

  constructor(options: RegistryOptions) {
    this.concurrency = options.concurrency ?? 4;
    this.signal = options.signal;
    this.retry = { ...defaultRetryPolicy, ...options.retry };
    this.silenceMs = options.silenceMs ?? 60_000;
    this.#isPlainHttp = options.isPlainHttp ?? isLoopback;
    this.#userAgent = options.userAgent;
    const fetchToken = createTokenFetcher({
      exchange: this.#exchange,
      userAgent: options.userAgent,
      isPlainHttp: this.#isPlainHttp,
      silenceMs: this.silenceMs,
      signal: this.signal,
    });
    this.#authenticator = createAuthenticator(options.credentials, fetchToken);
  }

  async send(call: RegistryCall): Promise<Answer> {
    const header = await this.#authenticator.authorize(call);
    let answer = await this.#follow(call, header);
    if (answer.status === 401 && answer.url.origin === this.#originOf(call)) {
      await readBounded(answer, SHORT_ANSWER_LIMIT_BYTES); // so that the connection is kept
      const better = await this.#authenticator.answerChallenge(call, answer, header);
      answer = await this.#follow(call, better);
    }
    if (answer.status < 300 || call.accepts?.includes(answer.status) === true) return answer;
    const isDenial = answer.status === 401 || answer.status === 403;
    if (!isDenial) throw await toRegistryFailure(answer);
    const denial = await this.#authenticator.explainDenial(call.registryHost);
    throw await toRegistryFailure(answer, { denial });
  }

  async ask(call: RegistryCall, limitBytes = SHORT_ANSWER_LIMIT_BYTES): Promise<ShortAnswer> {
    const signal = call.signal ?? this.signal;
    return retrying({ policy: this.retry, signal }, async () => {
      const answer = await this.send(call);
      const bytes = await readBounded(answer, limitBytes);
      const { status, url, purpose } = answer;
      return { status, url, purpose, bytes, header: (name) => answer.header(name) };
    });
  }

  close(): void {
    this.#exchange.close();
  }

  /** Sends, and goes where the answers point. The credentials stay with the registry's own host. */
  async #follow(call: RegistryCall, authorization: string | undefined): Promise<Answer> {
    const origin = this.#originOf(call);
    let url = typeof call.path === "string" ? new URL(call.path, origin) : call.path;
    for (let count = 0; count <= REDIRECT_LIMIT; count += 1) {
      this.#checkScheme(url, call);
      const isOwn = url.origin === origin && authorization !== undefined;
      const answer = await this.#exchange.send({
        method: call.method,
        url,
        purpose: call.purpose,
        headers: {
          "User-Agent": this.#userAgent,
          ...call.headers,
          ...(isOwn && { Authorization: authorization }),
        },
        body: call.body,
        signal: call.signal ?? this.signal,
        silenceMs: call.silenceMs ?? this.silenceMs,
      });
      const location = isRedirect(answer.status) ? answer.header("location") : undefined;
      if (location === undefined || !URL.canParse(location, url.href)) return answer;
      await readBounded(answer, SHORT_ANSWER_LIMIT_BYTES);
      url = new URL(location, url);
    }
    throw new ImageError(
      "REGISTRY_FAILED",
      `Cannot ${call.purpose}: ${call.registryHost} redirects more than ${REDIRECT_LIMIT} times`,
    );
  }

  #originOf({ registryHost }: RegistryCall): string {
    const scheme = this.#isPlainHttp(registryHost) ? "http" : "https";
    return new URL(`${scheme}://${registryHost}`).origin;
  }

  #checkScheme(url: URL, { purpose, registryHost }: RegistryCall): void {
    if (url.protocol === "https:") return;
    if (url.protocol === "http:" && this.#isPlainHttp(url.host)) return;
    throw new ImageError(
      "REGISTRY_FAILED",
      `Cannot ${purpose}: ${registryHost} sends on to ${url.host} without encryption; ` +
        "plain HTTP has to be allowed for that host",
    );
  }
}

/** The method stays what it was: no registry means a GET when it sends an upload elsewhere. */
function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}
