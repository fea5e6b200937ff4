import { CliError } from "./cli-error.ts";
import { parseFlags, type Command } from "./command.ts";
import { at, listAt, textAt } from "./json-path.ts";
import { formatRows } from "./format-rows.ts";

/** `docker ps`. */
export const psCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, {
    all: { type: "boolean", short: "a" },
    quiet: { type: "boolean", short: "q" },
    "no-trunc": { type: "boolean" },
    filter: { type: "string", short: "f", multiple: true },
    format: { type: "string" },
  });
  const query = new URLSearchParams({ filters: toFilters(flags.values("filter")) });
  if (flags.has("all")) query.set("all", "1");
  const containers = await client.json("GET", `/containers/json?${query.toString()}`);
  const rows = listAt({ containers }, "containers").map((container) =>
    toRow(container, flags.has("no-trunc")),
  );
  const template = flags.has("quiet") ? "{{.ID}}" : flags.value("format");
  for (const text of formatRows(columns, rows, template)) print(text);
};

const columns = [
  ["CONTAINER ID", "ID"],
  ["IMAGE", "Image"],
  ["CREATED", "CreatedAt"],
  ["STATUS", "Status"],
  ["NAMES", "Names"],
] as const;

function toRow(container: unknown, isWhole: boolean): Readonly<Record<string, string>> {
  const id = textAt(container, "Id");
  const names = listAt(container, "Names").map((name) => String(name).replace(/^\//, ""));
  return {
    ID: isWhole ? id : id.slice(0, 12),
    Image: textAt(container, "Image"),
    CreatedAt: new Date(Number(at(container, "Created") ?? 0) * 1000).toISOString(),
    Status: textAt(container, "Status"),
    State: textAt(container, "State"),
    Names: names.join(","),
  };
}

function toFilters(filters: readonly string[]): string {
  const byName: Record<string, string[]> = {};
  for (const filter of filters) {
    const equals = filter.indexOf("=");
    if (equals <= 0) throw new CliError(`cannot filter by ${filter}: write --filter name=value`);
    (byName[filter.slice(0, equals)] ??= []).push(filter.slice(equals + 1));
  }
  return JSON.stringify(byName);
}

/** `docker rm`. */
export const rmCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, {
    force: { type: "boolean", short: "f" },
    volumes: { type: "boolean", short: "v" },
  });
  for (const id of flags.positionals) {
    const query = flags.has("force") ? "?force=true" : "";
    await client.json("DELETE", `/containers/${encodeURIComponent(id)}${query}`);
    print(id);
  }
};
