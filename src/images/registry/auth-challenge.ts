/** How a registry wants to be told who asks. */
export type AuthChallenge =
  | { readonly kind: "basic" }
  | {
      readonly kind: "bearer";
      readonly realm: string;
      readonly service?: string;
      readonly scope?: string;
    };

const LONGEST = 8192;

/**
 * Reads a WWW-Authenticate header, which may hold several challenges; a token is preferred.
 *
 * @returns undefined when there is none that can be met
 */
export function parseAuthChallenge(header: string): AuthChallenge | undefined {
  const challenges = splitChallenges(header.slice(0, LONGEST));
  const bearer = challenges.get("bearer");
  const realm = bearer?.get("realm");
  if (bearer !== undefined && realm !== undefined) {
    const service = bearer.get("service");
    const scope = bearer.get("scope");
    return {
      kind: "bearer",
      realm,
      ...(service !== undefined && { service }),
      ...(scope !== undefined && { scope }),
    };
  }
  return challenges.has("basic") ? { kind: "basic" } : undefined;
}

function splitChallenges(header: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const challenges = new Map<string, Map<string, string>>();
  let parameters = new Map<string, string>();
  // A word alone begins a challenge; name=value belongs to the one before it.
  const words = /([\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;
  for (const [word, name = "", quoted, plain] of header.matchAll(words)) {
    if (word.includes("=")) {
      const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "";
      parameters.set(name.toLowerCase(), value);
    } else {
      parameters = new Map();
      challenges.set(name.toLowerCase(), parameters);
    }
  }
  return challenges;
}
