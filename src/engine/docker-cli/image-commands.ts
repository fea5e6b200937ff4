import { tagImage } from "./build-command.ts";
import { CliError } from "./cli-error.ts";
import { onlyArgument, parseFlags, type Command } from "./command.ts";
import { formatTemplate } from "./format-template.ts";
import { at, listAt, textAt } from "./json-path.ts";
import { formatRows } from "./format-rows.ts";

/** `docker pull`: the engine fetches it, or refuses by name what cannot be had. */
export const pullCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, {
    platform: { type: "string" },
    quiet: { type: "boolean", short: "q" },
  });
  const reference = onlyArgument(flags, "image");
  const query = new URLSearchParams({ fromImage: reference });
  try {
    await client.json("POST", `/images/create?${query.toString()}`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `${reason}\nLog in by docker login when the registry wants it, give a Dockerfile as "image" ` +
        `in the wrangler configuration, or map the reference to one: ` +
        `berth dev --map-image ${reference}=./Dockerfile`,
      { cause },
    );
  }
  print(reference);
};

/** `docker tag`. */
export const tagCommand: Command = async (scope) => {
  const [source, target, ...rest] = parseFlags(scope.args, {}).positionals;
  if (source === undefined || target === undefined || rest.length > 0) {
    throw new CliError("cannot tag: give SOURCE and TARGET");
  }
  await tagImage(source, target, scope);
};

/** `docker image inspect`. */
export const inspectCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, {
    format: { type: "string", short: "f" },
    type: { type: "string" },
  });
  const template = flags.value("format");
  const found: unknown[] = [];
  for (const reference of flags.positionals) {
    found.push(await client.json("GET", `/images/${encodeURIComponent(reference)}/json`));
  }
  if (template === undefined) return print(JSON.stringify(found, undefined, 4));
  for (const image of found) print(formatTemplate(template, image));
};

/** `docker images` and `docker image ls`. */
export const imagesCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, {
    all: { type: "boolean", short: "a" },
    quiet: { type: "boolean", short: "q" },
    "no-trunc": { type: "boolean" },
    filter: { type: "string", short: "f", multiple: true },
    format: { type: "string" },
  });
  const images = await client.json("GET", "/images/json?all=1");
  const patterns = [...flags.values("filter").map(toReference), ...flags.positionals];
  const rows = listAt({ images }, "images")
    .flatMap(toRows)
    .filter((row) => patterns.every((pattern) => matches(pattern, row)));
  const template = flags.has("quiet") ? "{{.ID}}" : flags.value("format");
  for (const text of formatRows(columns, rows, template)) print(text);
};

const columns = [
  ["REPOSITORY", "Repository"],
  ["TAG", "Tag"],
  ["IMAGE ID", "ID"],
  ["CREATED", "CreatedAt"],
  ["SIZE", "Size"],
] as const;

type ImageRow = Readonly<Record<"Repository" | "Tag" | "ID" | "CreatedAt" | "Size", string>>;

function toRows(image: unknown): readonly ImageRow[] {
  const created = Number(at(image, "Created") ?? 0) * 1000;
  const common = {
    ID: textAt(image, "Id").replace("sha256:", "").slice(0, 12),
    CreatedAt: new Date(created).toISOString(),
    Size: `${(Number(at(image, "Size") ?? 0) / 1e6).toFixed(1)}MB`,
  };
  const tags = listAt(image, "RepoTags").map(String);
  if (tags.length === 0) return [{ Repository: "<none>", Tag: "<none>", ...common }];
  return tags.map((tag) => {
    const colon = tag.lastIndexOf(":");
    return { Repository: tag.slice(0, colon), Tag: tag.slice(colon + 1), ...common };
  });
}

function toReference(filter: string): string {
  if (filter.startsWith("reference=")) return filter.slice("reference=".length);
  throw new CliError(`cannot filter images by ${filter}: use --filter reference=PATTERN`);
}

function matches(pattern: string, { Repository, Tag }: ImageRow): boolean {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  const expression = new RegExp(`^${source}$`);
  return expression.test(Repository) || expression.test(`${Repository}:${Tag}`);
}

/** `docker rmi` and `docker image rm`. */
export const rmiCommand: Command = async ({ args, client, print }) => {
  const flags = parseFlags(args, { force: { type: "boolean", short: "f" } });
  const query = flags.has("force") ? "?force=true" : "";
  for (const reference of flags.positionals) {
    await client.json("DELETE", `/images/${encodeURIComponent(reference)}${query}`);
    print(`Untagged: ${reference}`);
  }
};
