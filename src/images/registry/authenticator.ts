import { ImageError } from "../image-error.ts";
import { parseAuthChallenge, type AuthChallenge } from "./auth-challenge.ts";
import { toBasicHeader, type Credentials, type CredentialSource } from "./credentials.ts";
import type { Answer } from "./exchange.ts";
import type { AccessToken, FetchToken } from "./fetch-token.ts";

/** Who asks a registry for what. */
export interface AuthScope {
  readonly registryHost: string;
  /** "repository:app:pull" and the like. */
  readonly scopes: readonly string[];
  /** What for, for the messages of errors. */
  readonly purpose: string;
}

/** Knows what to write into the Authorization header. */
export interface Authenticator {
  /** @returns the header when the registry is known to want one */
  authorize(scope: AuthScope): Promise<string | undefined>;
  /**
   * Answers a 401.
   *
   * @param refused the header that was sent
   * @throws {ImageError} REGISTRY_DENIED when there is nothing better to send
   */
  answerChallenge(scope: AuthScope, answer: Answer, refused: string | undefined): Promise<string>;
  /** @returns what to tell a user whom the registry denied something */
  explainDenial(registryHost: string): Promise<string>;
}

type TokenRequest = Extract<AuthChallenge, { kind: "bearer" }>;

/** Makes an authenticator that keeps tokens until they expire. */
export function createAuthenticator(
  credentials: CredentialSource,
  fetchToken: FetchToken,
): Authenticator {
  return new CachingAuthenticator(credentials, fetchToken);
}

class CachingAuthenticator implements Authenticator {
  readonly #source: CredentialSource;
  readonly #fetchToken: FetchToken;
  readonly #challenges = new Map<string, AuthChallenge>();
  readonly #credentials = new Map<string, Promise<Credentials | undefined>>();
  readonly #tokens = new Map<string, Promise<AccessToken>>();

  constructor(source: CredentialSource, fetchToken: FetchToken) {
    this.#source = source;
    this.#fetchToken = fetchToken;
  }

  async authorize(scope: AuthScope): Promise<string | undefined> {
    const challenge = this.#challenges.get(scope.registryHost);
    if (challenge === undefined) return undefined;
    if (challenge.kind === "bearer") return this.#bearer(scope, challenge);
    const credentials = await this.#find(scope.registryHost);
    return credentials?.kind === "basic" ? toBasicHeader(credentials) : undefined;
  }

  async answerChallenge(
    scope: AuthScope,
    answer: Answer,
    refused: string | undefined,
  ): Promise<string> {
    const { registryHost } = scope;
    const challenge = parseAuthChallenge(answer.header("www-authenticate") ?? "");
    if (challenge === undefined) throw await this.#denied(scope, "it names no way to log in");
    this.#challenges.set(registryHost, challenge);
    if (refused !== undefined) await this.#forget(scope, refused);
    const header = await this.authorize(scope);
    if (header === undefined) throw await this.#denied(scope, "it wants to know who asks");
    if (header === refused) throw await this.#denied(scope, "it refuses who asks");
    return header;
  }

  async explainDenial(registryHost: string): Promise<string> {
    const places = this.#source.places ?? "the given source";
    const isKnown = (await this.#find(registryHost)) !== undefined;
    const found = isKnown
      ? `the credentials found in ${places} do not allow it`
      : `no credentials for ${registryHost} are in ${places}`;
    return `${found}; log in with: docker login ${registryHost}`;
  }

  async #bearer(scope: AuthScope, challenge: TokenRequest): Promise<string | undefined> {
    const key = keyOf(scope);
    const before = this.#tokens.get(key);
    const token = await before;
    if (token !== undefined && token.expiresAtMs > Date.now()) return token.header;
    const now = this.#tokens.get(key); // another caller may have asked for a new one meanwhile
    return (await (now === before ? this.#request(scope, challenge) : now))?.header;
  }

  /** Drops what was refused, but not what another caller has put in its place meanwhile. */
  async #forget(scope: AuthScope, refused: string): Promise<void> {
    const key = keyOf(scope);
    const token = this.#tokens.get(key);
    const credentials = this.#credentials.get(scope.registryHost);
    if (token !== undefined && (await token).header !== refused) return;
    if (this.#tokens.get(key) === token) this.#tokens.delete(key);
    if (this.#credentials.get(scope.registryHost) === credentials) {
      this.#credentials.delete(scope.registryHost);
    }
  }

  /** One request for all who need the same token. */
  #request(scope: AuthScope, challenge: TokenRequest): Promise<AccessToken> {
    const key = keyOf(scope);
    const request = this.#find(scope.registryHost).then(async (credentials) =>
      this.#fetchToken({
        realm: challenge.realm,
        service: challenge.service,
        scopes: [...new Set([...scope.scopes, ...(challenge.scope?.split(" ") ?? [])])],
        credentials,
        registryHost: scope.registryHost,
        purpose: scope.purpose,
        denial: await this.explainDenial(scope.registryHost),
      }),
    );
    this.#tokens.set(key, request);
    const forget = (): void => void (this.#tokens.get(key) === request && this.#tokens.delete(key));
    request.catch(forget);
    return request;
  }

  /** Only what was found is kept: somebody may log in while this lives. */
  #find(registryHost: string): Promise<Credentials | undefined> {
    const known = this.#credentials.get(registryHost);
    if (known !== undefined) return known;
    const found = this.#source(registryHost);
    this.#credentials.set(registryHost, found);
    const forget = (): void => void this.#credentials.delete(registryHost);
    found.then((credentials) => credentials ?? forget(), forget);
    return found;
  }

  async #denied({ registryHost, purpose }: AuthScope, reason: string): Promise<ImageError> {
    const denial = await this.explainDenial(registryHost);
    return new ImageError(
      "REGISTRY_DENIED",
      `Cannot ${purpose}: ${registryHost} denies it: ${reason}; ${denial}`,
    );
  }
}

function keyOf({ registryHost, scopes }: AuthScope): string {
  return [registryHost, ...scopes.toSorted()].join(" ");
}
