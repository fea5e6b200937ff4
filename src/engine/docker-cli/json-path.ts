/** @returns the value at a path of names in parsed JSON; undefined when a part is missing */
export function at(value: unknown, ...names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (typeof current !== "object" || current === null) return undefined;
    const entry = Object.entries(current).find(([key]) => key === name);
    current = entry?.[1];
  }
  return current;
}

/** @returns a string of parsed JSON; "" when there is none */
export function textAt(value: unknown, ...names: readonly string[]): string {
  const found = at(value, ...names);
  return typeof found === "string" ? found : "";
}

/** @returns a list of parsed JSON; empty when there is none */
export function listAt(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}
