/**
 * Whether the name of an image says which registry it belongs to, as wrangler decides it: the first
 * part has a dot or a port, or is "localhost".
 */
export function hasRegistryHost(name: string): boolean {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(0, slash));
  return /[.:]/.test(first) || first === "localhost";
}
