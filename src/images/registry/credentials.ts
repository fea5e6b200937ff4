/** How a registry is told who asks. */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An identity token, to be exchanged for an access token. */
  | { readonly kind: "identity-token"; readonly token: string };

/** Finds the credentials of a registry, by its host with the port. */
export type CredentialSource = (registryHost: string) => Promise<Credentials | undefined>;
