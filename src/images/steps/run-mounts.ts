import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

import type { BuildJob } from "../build-job.ts";
import { walkSource, type SourceEntry } from "../copy/walk-source.ts";
import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import { LayerWriter } from "../layer/layer-writer.ts";
import { RootTree } from "../layer/root-tree.ts";
import { treeOf, type StageState } from "../stage-state.ts";
import { fromWorkingDir } from "./config-steps.ts";
import { parseMount, type MountSpec } from "./mount-spec.ts";
import { openRunCache } from "./run-cache.ts";
import { findSourceTree } from "./source-tree.ts";
import { expandOptions } from "./step.ts";
import { writeSource } from "./write-source.ts";

/** A mount of a RUN that is known, but has no files on this machine yet. */
export interface PlannedMount {
  readonly kind: "directory" | "file";
  /** Absolute, without symlinks. */
  readonly target: string;
  readonly isReadOnly: boolean;
  /** What of it the step's files depend on. */
  readonly key: unknown;
  /**
   * Gets the files.
   *
   * @param scratchDir an empty directory that goes when RUN has ended
   * @returns the path on this machine
   */
  readonly open: (scratchDir: string) => Promise<string>;
}

interface MountScope {
  readonly state: StageState;
  readonly instruction: Instruction;
  readonly job: BuildJob;
}

/**
 * Reads the mounts of a RUN and finds what they show.
 *
 * @throws {ImageError} DOCKERFILE_INVALID, DOCKERFILE_UNSUPPORTED, COPY_FAILED, NO_SUCH_IMAGE
 */
export async function planMounts(scope: MountScope): Promise<readonly PlannedMount[]> {
  const planned: PlannedMount[] = [];
  for (const { name, value } of scope.instruction.flags) {
    if (name !== "mount") continue;
    const { state, instruction, job } = scope;
    const text = expandWord(value, expandOptions(state, instruction, job));
    const mount = await planMount(parseMount(text, instruction), scope);
    if (mount !== undefined) planned.push(mount);
  }
  return planned;
}

async function planMount(spec: MountSpec, scope: MountScope): Promise<PlannedMount | undefined> {
  const { state } = scope;
  const place = spec.target ?? `/run/secrets/${spec.id ?? ""}`;
  const target = await treeOf(state).resolve(fromWorkingDir(state, place));
  const common = { target, isReadOnly: spec.isReadOnly };
  switch (spec.kind) {
    case "bind":
      return { ...common, ...(await planBind(spec, scope)) };
    case "secret":
      return planSecret(spec, target, scope);
    case "tmpfs": {
      const open = (scratchDir: string): Promise<string> => makeDirectory(scratchDir, 0o1777);
      return { ...common, kind: "directory", key: ["tmpfs", target], open };
    }
    case "cache": {
      const open = (): Promise<string> =>
        openRunCache(scope.job.store.layers.cacheDir, { ...spec, id: spec.id ?? target });
      return { ...common, kind: "directory", key: ["cache", target], open };
    }
  }
}

async function planBind(
  spec: MountSpec,
  scope: MountScope,
): Promise<Pick<PlannedMount, "kind" | "key" | "open">> {
  const { instruction, job } = scope;
  const { tree, isIgnored, what } = await findSourceTree(spec.from, scope);
  const path = await tree.resolve(join("/", spec.source));
  const entries = await walkSource(path, { tree, isIgnored, digests: job.digests });
  const [self] = entries;
  if (self === undefined) {
    const { line } = instruction;
    throw new ImageError(
      "COPY_FAILED",
      `Cannot build line ${line}: RUN --mount of ${spec.source}; it is not in ${what}, or ` +
        ".dockerignore excludes it",
      { line },
    );
  }
  const kind = self.entry.kind === "directory" ? "directory" : "file";
  return { kind, key: ["bind", path, entries.map(toKey)], open: (dir) => copyTo(dir, entries) };
}

function toKey({ relative, entry, digest }: SourceEntry): unknown {
  return [relative, entry.kind, entry.mode, digest];
}

/** A copy, since layers and the context must not change, and what .dockerignore excludes not show. */
async function copyTo(scratchDir: string, entries: readonly SourceEntry[]): Promise<string> {
  const { tree, writer } = writerIn(scratchDir);
  const kind = entries[0]?.entry.kind === "directory" ? "directory" : "file";
  const target = { path: "/files", kind: "path" } as const;
  await writeSource({ kind, name: "files", parent: "", entries }, target, { writer, tree });
  return join(scratchDir, "files");
}

async function planSecret(
  spec: MountSpec,
  target: string,
  { instruction, job }: MountScope,
): Promise<PlannedMount | undefined> {
  const id = spec.id ?? basename(target);
  const file = job.secrets[id];
  const { line } = instruction;
  if (file === undefined) {
    if (!spec.isRequired) return undefined; // as in Docker, the file is just not there
    const text = `Cannot build line ${line}: RUN --mount=type=secret,id=${id}; no such secret is given`;
    throw new ImageError("DOCKERFILE_INVALID", `${text}: give its file`, { line });
  }
  const content = await readFile(file).catch((cause: unknown) => {
    const text = `Cannot read secret ${id} at ${file}: ${String(cause)}; give a readable file`;
    throw new ImageError("COPY_FAILED", text, { line, cause });
  });
  return {
    ...{ kind: "file", target, isReadOnly: true },
    // A new secret gives no new files: a step that keeps it in them is broken anyway.
    key: ["secret", id, target],
    open: async (scratchDir) => {
      const { writer } = writerIn(scratchDir, spec);
      await writer.writeInline("/secret", { content, mode: spec.mode ?? 0o400 });
      return join(scratchDir, "secret");
    },
  };
}

async function makeDirectory(scratchDir: string, mode: number): Promise<string> {
  await writerIn(scratchDir).writer.makeDirectory("/files", mode);
  return join(scratchDir, "files");
}

function writerIn(
  scratchDir: string,
  { uid, gid } = { uid: 0, gid: 0 },
): { readonly tree: RootTree; readonly writer: LayerWriter } {
  const tree = new RootTree([{ directory: scratchDir, opaque: [], isGrowing: true }], "none");
  return { tree, writer: new LayerWriter(scratchDir, tree, { uid, gid }) };
}
