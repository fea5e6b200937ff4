import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { CliError } from "./cli-error.ts";
import {
  onlyArgument,
  parseFlags,
  type Command,
  type FlagSpec,
  type ParsedFlags,
} from "./command.ts";
import type { CommandScope } from "./command.ts";
import { textAt } from "./json-path.ts";

const flagSpec: FlagSpec = {
  tag: { type: "string", short: "t", multiple: true },
  file: { type: "string", short: "f" },
  "build-arg": { type: "string", multiple: true },
  platform: { type: "string" },
  target: { type: "string" },
  provenance: { type: "string" },
  network: { type: "string" },
  progress: { type: "string" },
  load: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
  pull: { type: "boolean" },
};

/** `docker build`: hands Dockerfile and context to the engine. */
export const buildCommand: Command = async (scope) => {
  const flags = parseFlags(scope.args, flagSpec);
  const contextDir = findContext(onlyArgument(flags, "build context"), scope);
  const [tag, ...moreTags] = flags.values("tag");
  if (tag === undefined) throw new CliError("cannot build without a name: give one by -t NAME:TAG");
  checkPlatform(flags.value("platform"));
  const dockerfilePath = findDockerfile(flags.value("file"), contextDir, scope);
  const target = flags.value("target");
  const body = {
    dockerfile: await readDockerfile(flags.value("file"), contextDir, scope),
    contextDir,
    tag,
    buildArgs: toBuildArgs(flags, scope),
    platform: flags.value("platform") ?? "",
    ...(dockerfilePath !== undefined && { dockerfilePath }),
    ...(target !== undefined && { target }),
  };
  const isQuiet = flags.has("quiet");
  const imageId = await build(body, isQuiet ? () => undefined : scope.note, scope);
  for (const name of moreTags) await tagImage(imageId, name, scope);
  if (isQuiet) scope.print(imageId);
};

/** `docker tag SOURCE TARGET`. */
export async function tagImage(source: string, target: string, scope: CommandScope): Promise<void> {
  const colon = target.lastIndexOf(":");
  const hasTag = colon > target.lastIndexOf("/");
  const query = new URLSearchParams({
    repo: hasTag ? target.slice(0, colon) : target,
    tag: hasTag ? target.slice(colon + 1) : "latest",
  });
  await scope.client.json("POST", `/images/${encodeURIComponent(source)}/tag?${query.toString()}`);
}

async function build(
  body: unknown,
  log: (line: string) => void,
  scope: CommandScope,
): Promise<string> {
  for await (const line of scope.client.lines("POST", "/berth/build", body)) {
    const message: unknown = JSON.parse(line);
    const error = textAt(message, "error");
    const imageId = textAt(message, "imageId");
    if (error !== "") throw new CliError(error);
    if (imageId !== "") return imageId;
    log(textAt(message, "stream").trimEnd());
  }
  throw new CliError("cannot build: the engine went away before it was done");
}

function findContext(path: string, scope: CommandScope): string {
  if (path === "-" || /^[a-z]+:\/\/|^git@/.test(path)) {
    throw new CliError(`cannot build from ${path}: give a directory as build context`);
  }
  const contextDir = resolve(scope.cwd, path);
  if (existsSync(contextDir) && statSync(contextDir).isDirectory()) return contextDir;
  throw new CliError(`cannot build from ${contextDir}: it is no directory`);
}

async function readDockerfile(
  file: string | undefined,
  contextDir: string,
  scope: CommandScope,
): Promise<string> {
  const path = findDockerfile(file, contextDir, scope);
  if (path === undefined) return scope.readStdin();
  if (existsSync(path)) return readFileSync(path, "utf8");
  throw new CliError(`cannot build: no Dockerfile at ${path}; name it by -f`);
}

/** @returns undefined when it comes by stdin */
function findDockerfile(
  file: string | undefined,
  contextDir: string,
  scope: CommandScope,
): string | undefined {
  if (file === "-") return undefined;
  return file === undefined ? join(contextDir, "Dockerfile") : resolve(scope.cwd, file);
}

function checkPlatform(platform: string | undefined): void {
  if (platform === undefined || /^linux(\/(amd64|arm64|x86_64|aarch64))?$/.test(platform)) return;
  throw new CliError(
    `cannot build for ${platform}: images run on this host's kernel; use linux/amd64`,
  );
}

function toBuildArgs(flags: ParsedFlags, scope: CommandScope): Readonly<Record<string, string>> {
  const pairs = flags.values("build-arg").map((text) => {
    const equals = text.indexOf("=");
    if (equals !== -1) return [text.slice(0, equals), text.slice(equals + 1)] as const;
    return [text, scope.env[text]] as const; // a bare name takes the value of the environment
  });
  const known = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  return Object.fromEntries(known);
}
