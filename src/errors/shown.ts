/** A value as an error names it: text in quotes, so that an empty one is seen. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
