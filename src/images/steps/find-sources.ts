import { posix } from "node:path";

import type { BuildJob } from "../build-job.ts";
import type { FileTree } from "../copy/file-tree.ts";
import { hasWildcard, matchSources } from "../copy/match-sources.ts";
import { sniffArchive } from "../copy/unpack-tar.ts";
import { walkSource, type SourceEntry } from "../copy/walk-source.ts";
import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import type { StageState } from "../stage-state.ts";
import { expandOptions, invalidAt, unsupportedAt } from "./step.ts";

/** Where sources are looked for. */
export interface SourceTree {
  readonly tree: FileTree;
  readonly isIgnored: (path: string) => boolean;
  /** For messages. */
  readonly what: string;
}

/** One thing that COPY or ADD copies. */
export type CopySource =
  | { readonly kind: "inline"; readonly name: string; readonly text: string }
  | {
      /** A directory's contents are copied, a file itself, an archive's contents. */
      readonly kind: "directory" | "file" | "tar" | "tar.gz";
      readonly name: string;
      /** Itself first. */
      readonly entries: readonly SourceEntry[];
    };

/** The instruction that copies. */
export interface CopyScope {
  readonly state: StageState;
  readonly instruction: Instruction;
  readonly job: BuildJob;
}

/** Finds all that the sources of a COPY or ADD name. */
export async function findSources(
  from: SourceTree,
  patterns: readonly string[],
  scope: CopyScope,
): Promise<readonly CopySource[]> {
  const sources: CopySource[] = [];
  for (const pattern of patterns) {
    if (pattern.startsWith("<<")) sources.push(inlineSource(pattern, scope));
    else sources.push(...(await matchedSources(from, pattern, scope)));
  }
  return sources;
}

function inlineSource(pattern: string, scope: CopyScope): CopySource {
  const { instruction, state, job } = scope;
  const name = pattern.replace(/^<<-?/, "").replaceAll(/["']/g, "");
  const document = instruction.heredocs.find((heredoc) => heredoc.name === name);
  if (document === undefined) throw invalidAt(instruction, `the text of ${pattern} is missing`);
  if (!document.isExpanded) return { kind: "inline", name, text: document.body };
  const options = { ...expandOptions(state, instruction, job), isRaw: true };
  return { kind: "inline", name, text: expandWord(document.body, options) };
}

async function matchedSources(
  from: SourceTree,
  pattern: string,
  scope: CopyScope,
): Promise<readonly CopySource[]> {
  const { instruction, job } = scope;
  if (/^(https?|ftp|git|ssh):\/\/|^git@/.test(pattern)) {
    throw unsupportedAt(
      instruction,
      `of a URL (${pattern})`,
      "fetch it before the build and COPY it",
    );
  }
  if (posix.normalize(pattern).startsWith("..")) {
    throw invalidAt(instruction, `${pattern} is outside ${from.what}`);
  }
  const paths = await matchSources(from.tree, pattern);
  if (paths.length === 0) {
    if (!hasWildcard(pattern)) throw notFound(from, pattern, instruction);
    job.log(`${instruction.keyword}: nothing matches ${pattern} (line ${instruction.line})`);
  }
  return Promise.all(paths.map((path) => toSource(from, path, scope)));
}

async function toSource(from: SourceTree, path: string, scope: CopyScope): Promise<CopySource> {
  const { instruction } = scope;
  const real = await from.tree.resolve(path);
  const entries = await walkSource(from.tree, real, from.isIgnored);
  const [self] = entries;
  const name = posix.basename(path);
  if (self === undefined) throw notFound(from, path, instruction);
  if (self.entry.kind === "directory") return { kind: "directory", name, entries };
  if (instruction.keyword !== "ADD" || self.entry.source === undefined) {
    return { kind: "file", name, entries };
  }
  const archive = await sniffArchive(self.entry.source);
  if (archive === "none") return { kind: "file", name, entries };
  if (archive === "tar" || archive === "tar.gz") return { kind: archive, name, entries };
  throw unsupportedAt(instruction, `of ${name} (${archive})`, "pack it as .tar or .tar.gz");
}

function notFound(from: SourceTree, pattern: string, instruction: Instruction): ImageError {
  const { line, keyword, text } = instruction;
  return new ImageError(
    "COPY_FAILED",
    `Cannot copy at line ${line}: ${keyword} ${text}; ${pattern} is not in ${from.what}, ` +
      "or .dockerignore excludes it",
    { line },
  );
}
