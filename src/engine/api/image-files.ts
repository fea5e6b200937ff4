import { findHome } from "../../images/copy/owner-of.ts";
import type { Image } from "../../images/image-store.ts";
import { RootTree } from "../../images/layer/root-tree.ts";
import { EngineError } from "../engine-error.ts";
import type { RootfsSpec } from "../sandbox/sandbox.ts";

/**
 * Finds a user's home directory in an image that has its own files.
 *
 * @returns undefined where the host's accounts stand
 */
export async function findImageHome(
  { base, layers }: Pick<Image, "base" | "layers">,
  user: string | undefined,
): Promise<string | undefined> {
  const [name = ""] = (user ?? "").split(":");
  return base === "host" ? undefined : findHome(name || "root", treeOf({ base, layers }));
}

/**
 * Checks that a program is there: an image without a shell is a usual one, and workerd starts what
 * a Worker executes by `/bin/sh`.
 *
 * @throws {EngineError} LAUNCH_FAILED when an absolute path leads to nothing in the image
 */
export async function requireImageProgram(
  { base, layers, writableDir }: RootfsSpec,
  [program = ""]: readonly string[],
): Promise<void> {
  if (base === "host" || !program.startsWith("/")) return;
  const tree = treeOf({ base, layers: [...layers, writableDir] });
  if ((await tree.lookup(await tree.resolve(program))) !== undefined) return;
  throw new EngineError(
    "LAUNCH_FAILED",
    `Cannot execute ${program}: the image has no such file; add it to the image` +
      (program === "/bin/sh" ? " (exec() of a Worker needs a shell there)" : ""),
  );
}

function treeOf({ base, layers }: Pick<Image, "base" | "layers">): RootTree {
  const opaque: readonly string[] = [];
  return new RootTree(
    layers.map((directory) => ({ directory, opaque })),
    base,
  );
}
