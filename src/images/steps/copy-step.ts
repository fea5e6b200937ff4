import { dirname, posix } from "node:path";

import type { BuildJob } from "../build-job.ts";
import { openEarlierCopy, type EarlierCopy } from "../copy/earlier-copy.ts";
import { ownerOf } from "../copy/owner-of.ts";
import type { SourceEntry } from "../copy/walk-source.ts";
import { parseExecForm } from "../dockerfile/exec-form.ts";
import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { splitWords } from "../dockerfile/split-words.ts";
import { ImageError } from "../image-error.ts";
import { LayerWriter } from "../layer/layer-writer.ts";
import { toDiskFull } from "../oci/to-disk-full.ts";
import { treeOf, type StageState } from "../stage-state.ts";
import { addLayer, type LayerMarks } from "./add-layer.ts";
import { fromWorkingDir } from "./config-steps.ts";
import { parseCopyFlags, type CopyFlags } from "./copy-flags.ts";
import { findSources, type CopySource } from "./find-sources.ts";
import { findSourceTree } from "./source-tree.ts";
import { expandOptions, invalidAt, type Step } from "./step.ts";
import { writeSource, type CopyTarget } from "./write-source.ts";

/** COPY and ADD: put files of the context, of a stage or of the Dockerfile into the image. */
export const copyStep: Step = async (state, instruction, job) => {
  const flags = parseCopyFlags(state, instruction, job);
  const words = toWords(state, instruction, job);
  const destination = words.at(-1);
  const patterns = words.slice(0, -1);
  if (destination === undefined || patterns.length === 0) {
    throw invalidAt(instruction, "name at least one source and a destination");
  }
  const from = await findSourceTree(flags.from, { state, instruction, job });
  const { sources, target } = await named(instruction, async () => {
    const found = await findSources(from, patterns, { state, instruction, job, flags });
    const isDirectory = flags.keepsParents || found.length > 1;
    const to = await findTarget(state, destination, { isDirectory, instruction });
    return { sources: found, target: to };
  });
  const owner = await ownerOf(flags.chown ?? "0:0", treeOf(state), instruction.line);
  const mode = flags.mode === undefined ? {} : { mode: flags.mode };
  const { keyword, text } = instruction;
  const place = [job.context.directory, keyword, text, flags, target, owner, treeOf(state).base];
  const earlier = openEarlierCopy(job.store.layers, place);
  const made = new Map<string, string>();
  const next = await addLayer(
    state,
    {
      title: toTitle(instruction, flags),
      key: [instruction.keyword, target, owner, mode, sources.map(toKey)],
      fill: (draftDir) =>
        fill(draftDir, {
          ...{ state, instruction, sources, target, earlier, made },
          owner: { ...owner, ...mode },
        }),
    },
    job,
  );
  const layer = next.layers.at(-1);
  if (layer !== undefined && made.size > 0) await earlier.save(layer.name, made);
  return next;
};

interface Fill {
  readonly state: StageState;
  readonly instruction: Instruction;
  readonly sources: readonly CopySource[];
  readonly target: CopyTarget;
  readonly earlier: EarlierCopy;
  /** Filled with what stands for each file of the layer. */
  readonly made: Map<string, string>;
  readonly owner: { readonly uid: number; readonly gid: number; readonly mode?: number };
}

async function fill(draftDir: string, options: Fill): Promise<LayerMarks> {
  const { state, instruction, sources, target, owner, earlier, made } = options;
  const tree = treeOf(state, { directory: draftDir, opaque: [], isGrowing: true });
  const writer = new LayerWriter(draftDir, tree, owner);
  const copyFile = async ({ entry, digest }: SourceEntry, path: string): Promise<void> => {
    if (entry.kind !== "file") return writer.copyEntry(entry, path);
    const fingerprint = `${digest}:${entry.mode.toString(8)}`;
    made.set(path, fingerprint);
    return writer.copyEntry(entry, path, await earlier.find(path, fingerprint));
  };
  await named(instruction, async () => {
    try {
      for (const source of sources) await writeSource(source, target, { writer, tree, copyFile });
    } catch (error) {
      throw toDiskFull(error, dirname(draftDir));
    }
  });
  return { owners: writer.owners };
}

/** Gives what fails the line and text of its instruction. */
async function named<T>(instruction: Instruction, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ImageError && cause.line !== undefined) throw cause;
    const code = cause instanceof ImageError ? cause.code : "COPY_FAILED";
    const text = cause instanceof Error ? cause.message : String(cause);
    const reason = text.replace(`[${code}] `, "");
    const { line, keyword } = instruction;
    throw new ImageError(
      code,
      `Cannot copy at line ${line}: ${keyword} ${instruction.text}; ${reason}`,
      { line, cause },
    );
  }
}

function toWords(state: StageState, instruction: Instruction, job: BuildJob): readonly string[] {
  const options = expandOptions(state, instruction, job);
  const words = parseExecForm(instruction.text) ?? splitWords(instruction.text, job.escape);
  return words.map((word) => (word.startsWith("<<") ? word : expandWord(word, options)));
}

async function findTarget(
  state: StageState,
  destination: string,
  {
    isDirectory,
    instruction,
  }: { readonly isDirectory: boolean; readonly instruction: Instruction },
): Promise<CopyTarget> {
  const tree = treeOf(state);
  const path = await tree.resolve(fromWorkingDir(state, destination));
  const isNamedDirectory = /(^|\/)\.{0,2}$/.test(destination);
  const isThere = isNamedDirectory || (await tree.lookup(path))?.kind === "directory";
  if (isDirectory && !isThere) {
    throw invalidAt(instruction, `${destination} must end with / to take several sources`);
  }
  return { path: posix.normalize(path), kind: isThere ? "directory" : "path" };
}

function toKey(source: CopySource): unknown {
  if (source.kind === "inline") return [source.name, source.text];
  return [
    source.kind,
    source.name,
    source.parent,
    source.entries.map(({ relative, entry, digest }) => [relative, entry.kind, entry.mode, digest]),
  ];
}

function toTitle(instruction: Instruction, flags: CopyFlags): string {
  const from = flags.from === undefined ? "" : ` --from=${flags.from}`;
  return `${instruction.keyword}${from} ${instruction.text}`;
}
