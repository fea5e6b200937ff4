/**
 * Reads the JSON that wrangler prints; notices may stand before it.
 *
 * @returns undefined when there is none
 */
export function parseWranglerJson(stdout: string): unknown {
  for (const { index } of stdout.matchAll(/^[[{]/gm)) {
    try {
      const value: unknown = JSON.parse(stdout.slice(index));
      return value;
    } catch {
      continue; // a line of a notice, or of the JSON itself
    }
  }
  return undefined;
}

/** @returns a field of what was parsed, when it is an object that has it */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return field;
}

/** @returns a field that is a text */
export function textOf(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === "string" ? field : undefined;
}

/** @returns the entries of what was parsed, when it is a list */
export function listOf(value: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list;
}
