import { CliError } from "./cli-error.ts";
import { at } from "./json-path.ts";

/**
 * Fills a `--format` of the docker command: `{{.A.B}}`, `{{json .A}}`, `{{len .A}}`, and `json`.
 *
 * @throws {CliError} for other forms of Go's templates
 */
export function formatTemplate(template: string, value: unknown): string {
  if (template === "json") return JSON.stringify(value);
  const text = template.replaceAll(String.raw`\t`, "\t").replaceAll(String.raw`\n`, "\n");
  return text.replaceAll(/\{\{(.*?)\}\}/gs, (_all, action: string) =>
    evaluate(action.trim(), value),
  );
}

function evaluate(action: string, value: unknown): string {
  const match = /^(?:(json|len)\s+)?(\.[\w.]*)$/.exec(action);
  if (match?.[2] === undefined) {
    throw new CliError(
      `cannot use --format with {{${action}}}: write {{.Name}}, {{json .Name}} or {{len .Name}}`,
    );
  }
  const names = match[2].split(".").filter((name) => name !== "");
  const found = at(value, ...names);
  if (match[1] === "json") return JSON.stringify(found ?? null);
  return match[1] === "len" ? String(lengthOf(found)) : toText(found);
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** As Go prints a value. */
function toText(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(toText).join(" ")}]`;
  if (typeof value === "string") return value;
  if (typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${pairs.map(([name, item]) => `${name}:${toText(item)}`).join(" ")}]`;
}
