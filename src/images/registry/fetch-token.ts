import { ImageError } from "../image-error.ts";
import { toBasicHeader, type Credentials } from "./credentials.ts";
import type { Answer, Exchange, ExchangeRequest } from "./exchange.ts";
import { readBounded } from "./read-bounded.ts";
import { toRegistryFailure } from "./registry-failure.ts";

/** What a token server is asked for. */
export interface TokenQuestion {
  /** The token server's address, as the registry gave it. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly registryHost: string;
  readonly purpose: string;
  /** What to say of the credentials when it refuses. */
  readonly denial: string;
}

/** A token, ready for the header. */
export interface AccessToken {
  readonly header: string;
  readonly expiresAtMs: number;
}

/** Asks a token server. */
export type FetchToken = (question: TokenQuestion) => Promise<AccessToken>;

/** What every request goes by. */
export interface TokenFetcherOptions {
  readonly exchange: Exchange;
  readonly userAgent: string;
  readonly isPlainHttp: (host: string) => boolean;
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

const ANSWER_LIMIT_BYTES = 1024 * 1024;
/** What the specification says of a token that does not tell. */
const DEFAULT_LIFE_SECONDS = 60;
/** The part of a token's life in which it is used, so that it does not expire on its way. */
const USED_PART = 0.8;
const CLIENT_ID = "berth";

/** Makes what gets tokens by the distribution project's token protocol. */
export function createTokenFetcher(options: TokenFetcherOptions): FetchToken {
  return async (question) => {
    const realm = parseRealm(question, options);
    const request =
      question.credentials?.kind === "identity-token"
        ? toExchange(realm, question, question.credentials.token)
        : toQuery(realm, question);
    const answer = await options.exchange.send({
      ...request,
      headers: { "User-Agent": options.userAgent, Accept: "application/json", ...request.headers },
      purpose: question.purpose,
      silenceMs: options.silenceMs,
      signal: options.signal,
    });
    if (answer.status !== 200) throw await toRegistryFailure(answer, { denial: question.denial });
    return readToken(answer);
  };
}

type TokenRequest = Pick<ExchangeRequest, "method" | "url" | "headers" | "body">;

function toQuery(realm: URL, { service, scopes, credentials }: TokenQuestion): TokenRequest {
  if (service !== undefined) realm.searchParams.set("service", service);
  for (const scope of scopes) realm.searchParams.append("scope", scope);
  if (credentials?.kind !== "basic") return { method: "GET", url: realm };
  return { method: "GET", url: realm, headers: { Authorization: toBasicHeader(credentials) } };
}

/** OAuth 2: an identity token is a refresh token. */
function toExchange(url: URL, { service, scopes }: TokenQuestion, token: string): TokenRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    refresh_token: token,
    scope: scopes.join(" "),
    ...(service !== undefined && { service }),
  });
  const bytes = Buffer.from(form.toString());
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const body = { sizeBytes: bytes.length, open: () => Promise.resolve(bytes) };
  return { method: "POST", url, headers, body };
}

function parseRealm(question: TokenQuestion, options: TokenFetcherOptions): URL {
  const { realm, purpose, registryHost, credentials } = question;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const isHttp = url?.protocol === "http:";
  if (url === undefined || (!isHttp && url.protocol !== "https:")) {
    throw new ImageError(
      "REGISTRY_FAILED",
      `Cannot ${purpose}: ${registryHost} names a token server that is no address: ` +
        JSON.stringify(realm.slice(0, 200)),
    );
  }
  if (isHttp && credentials !== undefined && !options.isPlainHttp(url.host)) {
    throw new ImageError(
      "REGISTRY_DENIED",
      `Cannot ${purpose}: ${registryHost} wants the credentials sent to ${url.host} without ` +
        "encryption; plain HTTP has to be allowed for that host",
    );
  }
  return url;
}

async function readToken(answer: Answer): Promise<AccessToken> {
  const body = parseJson((await readBounded(answer, ANSWER_LIMIT_BYTES)).toString("utf8"));
  const token = textAt(body, "token") ?? textAt(body, "access_token");
  // A header cannot hold anything else.
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ImageError(
      "REGISTRY_FAILED",
      `Cannot ${answer.purpose}: the token server ${answer.url.host} answers without a token`,
    );
  }
  const lifeSeconds = Math.max(DEFAULT_LIFE_SECONDS, numberAt(body, "expires_in"));
  const expiresAtMs = Date.now() + lifeSeconds * 1000 * USED_PART;
  return { header: `Bearer ${token}`, expiresAtMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // has no token in it, which is said above
  }
}

function textAt(body: unknown, name: string): string | undefined {
  const value = fieldAt(body, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberAt(body: unknown, name: string): number {
  const value = Number(fieldAt(body, name));
  return Number.isFinite(value) ? value : 0;
}

function fieldAt(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null
    ? (body as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
