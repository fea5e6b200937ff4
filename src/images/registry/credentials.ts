/** How a registry is told who asks. */
export type Credentials =
  /** A name and a password, or a token in its place. */
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An identity token, to be exchanged for an access token. */
  | { readonly kind: "identity-token"; readonly token: string };

/** Finds the credentials of a registry. A function alone will do. */
export interface CredentialSource {
  /**
   * @param registryHost with the port where it has one: "registry.example:5000"
   * @returns undefined for a registry that wants none, or of which it knows none
   */
  (registryHost: string): Promise<Credentials | undefined>;
  /** Where it looks, for the message of a denial. */
  readonly places?: string;
}

/** Asks one source after the other. */
export function firstOf(...sources: readonly CredentialSource[]): CredentialSource {
  const find = async (registryHost: string): Promise<Credentials | undefined> => {
    for (const source of sources) {
      const credentials = await source(registryHost);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  };
  const places = sources.flatMap((source) => source.places ?? []).join(", ");
  return Object.assign(find, { places });
}

/** @returns the header of basic authentication */
export function toBasicHeader(credentials: Extract<Credentials, { kind: "basic" }>): string {
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
