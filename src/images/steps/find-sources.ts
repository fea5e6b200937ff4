import { posix } from "node:path";

import createIgnore from "@balena/dockerignore";

import type { BuildJob } from "../build-job.ts";
import { hasWildcard, matchSources } from "../copy/match-sources.ts";
import { sniffArchive, type Compression } from "../copy/decode-archive.ts";
import { walkSource, type SourceEntry } from "../copy/walk-source.ts";
import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import type { StageState } from "../stage-state.ts";
import type { CopyFlags } from "./copy-flags.ts";
import type { SourceTree } from "./source-tree.ts";
import { expandOptions, invalidAt, unsupportedAt } from "./step.ts";

/** One thing that COPY or ADD copies. */
export type CopySource =
  | { readonly kind: "inline"; readonly name: string; readonly text: string }
  /** A directory's contents are copied, a file itself. */
  | (FoundSource & { readonly kind: "directory" | "file" })
  /** An archive's contents are copied. */
  | (FoundSource & { readonly kind: "tar"; readonly compression: Compression });

interface FoundSource {
  readonly name: string;
  /** Where below the destination it goes, by --parents; "" is the destination. */
  readonly parent: string;
  /** Itself first. */
  readonly entries: readonly SourceEntry[];
}

/** The instruction that copies. */
export interface CopyScope {
  readonly state: StageState;
  readonly instruction: Instruction;
  readonly job: BuildJob;
  readonly flags: Pick<CopyFlags, "exclude" | "keepsParents">;
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
  const sources: CopySource[] = [];
  for (const path of paths) {
    const source = await toSource(from, { path, pattern }, scope);
    if (source !== undefined) sources.push(source);
  }
  return sources;
}

async function toSource(
  from: SourceTree,
  { path, pattern }: { readonly path: string; readonly pattern: string },
  scope: CopyScope,
): Promise<CopySource | undefined> {
  const { instruction, job, flags } = scope;
  const name = posix.basename(path);
  const isExcluded = toFilter(flags.exclude);
  const real = await from.tree.resolve(path);
  const { tree, isIgnored } = from;
  const { digests } = job;
  const entries = await walkSource(real, { tree, isIgnored, digests, isExcluded });
  const [self] = entries;
  if (self === undefined) throw notFound(from, path, instruction);
  const isDirectory = self.entry.kind === "directory";
  if (!isDirectory && isExcluded(name)) return undefined;
  const parent = flags.keepsParents ? parentOf(path, pattern, isDirectory) : "";
  if (isDirectory) return { kind: "directory", name, parent, entries };
  const file: CopySource = { kind: "file", name, parent, entries };
  if (instruction.keyword !== "ADD" || self.entry.source === undefined) return file;
  const archive = await sniffArchive(self.entry.source);
  if (archive.kind === "file") return file;
  if (archive.kind === "tar") return { ...file, ...archive };
  throw unsupportedAt(
    instruction,
    `of ${name} (${archive.compression})`,
    "nothing here reads that compression: pack it as .tar or .tar.gz",
  );
}

/** As in Docker, what stands before "/./" in the pattern is not kept. */
function parentOf(path: string, pattern: string, isDirectory: boolean): string {
  const at = pattern.lastIndexOf("/./");
  const relative = posix.relative(posix.join("/", at === -1 ? "" : pattern.slice(0, at)), path);
  if (isDirectory) return relative;
  const parent = posix.dirname(relative);
  return parent === "." ? "" : parent;
}

function toFilter(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const ignore = createIgnore({ ignorecase: false }).add([...patterns]);
  return (path) => ignore.ignores(path);
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
