import { findOpaque } from "../../../src/images/layer/find-opaque.ts";
import { RootTree } from "../../../src/images/layer/root-tree.ts";

/** @returns the directories that carry the kernel's mark, as an overlay would read it */
export async function readOpaque(directory: string): Promise<readonly string[]> {
  const self = new RootTree([{ directory, opaque: [] }], "none");
  return (await findOpaque(directory, self)).toSorted();
}
