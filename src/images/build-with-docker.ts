import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import { ImageError } from "./image-error.ts";
import type { Image } from "./image-store.ts";
import type { LayoutReference } from "./resolve-image.ts";

/** What {@link buildWithDocker} builds, and by what. */
export interface DockerBuildOptions {
  /** The program: Docker's or Podman's. */
  readonly docker: string;
  readonly contextDir: string;
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  readonly tag: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** As "linux/amd64". */
  readonly platform: string;
  /** The stage to build (default: the last one). */
  readonly target?: string;
  /** Whether tags that FROM names are looked up again. */
  readonly isPullForced: boolean;
  /** Takes the image of an archive in, under the tag. */
  readonly importLayout: (layout: LayoutReference) => Promise<Image>;
  /** Told each line of progress. */
  readonly log: (line: string) => void;
  /** Ends the build. */
  readonly signal?: AbortSignal;
}

/**
 * Builds an image by an existing Docker or Podman, and brings it into the store.
 *
 * @throws {ImageError} BUILDER_FAILED when the program is missing or fails; what the import throws
 */
export async function buildWithDocker(options: DockerBuildOptions): Promise<Image> {
  const { tag, importLayout } = options;
  const directory = await mkdtemp(join(tmpdir(), "berth-docker-build-"));
  try {
    const idFile = join(directory, "image-id");
    await runProgram(toBuildArgv(options, idFile), options, options.dockerfile);
    const id = (await readFile(idFile, "utf8")).trim();
    const archive = join(directory, "image.tar");
    // By tag, so that the archive names it; the id says which image that has to be.
    await runProgram(["tag", id, tag], options);
    await runProgram(["save", "-o", archive, tag], options);
    return await importLayout({ path: archive });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function toBuildArgv(options: DockerBuildOptions, idFile: string): readonly string[] {
  const { contextDir, tag, buildArgs, platform, target, isPullForced } = options;
  const args = Object.entries(buildArgs).flatMap(([name, value]) => [
    "--build-arg",
    `${name}=${value}`,
  ]);
  const stage = target === undefined ? [] : ["--target", target];
  return [
    ...["build", "-f", "-", "-t", tag, "--platform", platform, "--iidfile", idFile],
    ...[...args, ...stage, ...(isPullForced ? ["--pull"] : []), contextDir],
  ];
}

async function runProgram(
  args: readonly string[],
  { docker, log, signal }: DockerBuildOptions,
  input = "",
): Promise<void> {
  const child = spawn(docker, args, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(signal !== undefined && { signal }),
  });
  child.stdin.on("error", () => undefined).end(input); // it may end without reading it
  const output = new PassThrough();
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, by) => {
      resolve(code === 0 ? undefined : `exit code ${code ?? String(by)}`);
    });
  });
  void ended.then(() => output.end());
  for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false });
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) log(line);
  const failure = await ended;
  if (failure === undefined) return;
  throw new ImageError(
    "BUILDER_FAILED",
    `Cannot build by ${docker}: "${docker} ${args[0] ?? ""}" failed: ${failure}; see its output, ` +
      "or leave --builder docker out to build without it",
  );
}
