import type { BuildJob } from "../build-job.ts";
import { openBuildContext } from "../copy/build-context.ts";
import type { FileTree } from "../copy/file-tree.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { findBase, isDirectoryContext } from "../find-base.ts";
import { treeOf, type StageState } from "../stage-state.ts";
import { stateOfImage } from "../start-stage.ts";

/** Where sources are looked for. */
export interface SourceTree {
  readonly tree: FileTree;
  readonly isIgnored: (path: string) => boolean;
  /** For messages. */
  readonly what: string;
}

/** What asks for sources. */
export interface SourceScope {
  readonly state: StageState;
  readonly instruction: Instruction;
  readonly job: BuildJob;
}

/**
 * Finds the files that `--from` names: an earlier stage's, a named directory's or an image's;
 * without it, the build context's.
 *
 * @throws {ImageError} NO_SUCH_IMAGE
 */
export async function findSourceTree(
  from: string | undefined,
  { state, instruction, job }: SourceScope,
): Promise<SourceTree> {
  const { context } = job;
  if (from === undefined) {
    return {
      tree: context,
      isIgnored: (path) => context.isIgnored(path),
      what: "the build context",
    };
  }
  const what = `the files of ${from}`;
  const stage = job.stages.get(from.toLowerCase());
  if (stage !== undefined) return { tree: treeOf(stage), isIgnored: () => false, what };
  const named = job.buildContexts[from];
  if (named !== undefined && isDirectoryContext(named)) {
    const tree = await openBuildContext(named);
    return { tree, isIgnored: (path) => tree.isIgnored(path), what };
  }
  const { line, keyword } = instruction;
  const request = { instruction: `${keyword} --from=${from}`, line, platform: state.platform };
  const image = await findBase(from, request, job);
  const tree = treeOf(await stateOfImage(image, state, job));
  return { tree, isIgnored: () => false, what };
}
