/**
 * Makes a test of names from patterns as workerd sends them: in each, `*` stands for any characters,
 * dots among them.
 */
export function matchNames(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns
    .map((pattern) => pattern.trim().toLowerCase().replace(/\.$/, ""))
    .filter((pattern) => pattern !== "")
    .map((pattern) => new RegExp(`^${pattern.split("*").map(quote).join(".*")}$`, "s"));
  return (name) => expressions.some((expression) => expression.test(name));
}

function quote(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}
