/** What a cookie says beside its name and value. */
export interface CookieAttributes {
  readonly maxAgeMs: number;
  readonly domain?: string | undefined;
  readonly sameSite: "Lax" | "Strict" | "None";
  /** Whether it is for HTTPS only. */
  readonly isSecure: boolean;
}

/** Says whether `name` can name a header or a cookie: a token of HTTP. */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name);
}

/**
 * Reads a cookie.
 *
 * @param header the value of the header `Cookie`
 * @returns the value of the first cookie of that name
 */
export function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at >= 0 && pair.slice(0, at).trim() === name) {
      return pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
    }
  }
  return undefined;
}

/** Writes the value of a header `Set-Cookie`: for the whole site, out of reach of page scripts. */
export function writeCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { maxAgeMs, domain, sameSite, isSecure } = attributes;
  const age = Math.floor(maxAgeMs / 1_000);
  const parts = [
    `${name}=${value}`,
    "Path=/",
    `Max-Age=${age}`,
    "HttpOnly",
    `SameSite=${sameSite}`,
  ];
  if (domain !== undefined) parts.push(`Domain=${domain}`);
  if (isSecure) parts.push("Secure");
  return parts.join("; ");
}
