/**
 * Reads the exec form, a JSON list of strings.
 *
 * @returns undefined when it is something else: the shell form then, as in Docker
 */
export function parseExecForm(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isStrings = Array.isArray(value) && value.every((item) => typeof item === "string");
    return isStrings ? value : undefined;
  } catch {
    return undefined; // `[ -f x ] && y` is a command
  }
}
