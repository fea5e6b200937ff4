import { spawn } from "node:child_process";
import { lstatSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";

import { ImageError } from "../../image-error.ts";
import { encodeTarHeader } from "./encode-tar-header.ts";
import { TAR_BLOCK_BYTES, type TarEntry } from "./tar-entry.ts";

/** A named pipe to make. */
export type Fifo = Pick<TarEntry, "mode" | "uid" | "gid" | "mtimeSeconds">;

/** What Node cannot make. */
export interface SpecialNodes {
  /** Paths that get the device 0:0, by which an overlay hides what lies under it. */
  readonly whiteouts: readonly string[];
  readonly fifos: ReadonlyMap<string, Fifo>;
  /** Directories that get the mark by which an overlay hides what lies under them. */
  readonly opaque: readonly string[];
}

/** The kernel reads the first as root, the second for an overlay in a user namespace. */
const opaqueMarks = ["trusted.overlay.opaque", "user.overlay.opaque"];

/**
 * Makes nodes and marks in a layer's directory by one run of `tar`, which can make both. The
 * kernel lets anyone make the device 0:0 since 5.8. Their parents are known to be directories.
 *
 * @throws {ImageError} IMAGE_UNFIT when tar cannot
 */
export async function makeSpecialNodes(directory: string, nodes: SpecialNodes): Promise<void> {
  const { whiteouts, fifos, opaque } = nodes;
  if (whiteouts.length + fifos.size + opaque.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const marks = isRoot ? opaqueMarks : opaqueMarks.slice(1);
  const flags = opaque.length === 0 ? [] : ["--xattrs", "--xattrs-include=*.overlay.opaque"];
  const { exitCode, output } = await runTar(
    ["-x", "-f", "-", "-C", directory, ...flags],
    Readable.from(headersOf(directory, nodes, marks)),
  );
  // A mark that cannot be set is only a warning: one of the two is enough.
  const isMarked = opaque.length === 0 || marks.some((mark) => !output.includes(mark));
  if (exitCode === 0 && isMarked) return;
  const said = output.trim().split("\n")[0] ?? "";
  throw new ImageError(
    "IMAGE_UNFIT",
    `Cannot unpack what a layer deletes: tar: ${said === "" ? `exit code ${exitCode}` : said}; ` +
      "GNU tar, Linux 5.8 or later and a file system with extended attributes are needed",
  );
}

function* headersOf(
  directory: string,
  { whiteouts, fifos, opaque }: SpecialNodes,
  marks: readonly string[],
): Generator<Buffer> {
  for (const name of whiteouts) {
    yield encodeTarHeader({ ...plain, name: `./${name}`, kind: "character-device" });
  }
  for (const [name, { mode, uid, gid, mtimeSeconds }] of fifos) {
    const facts = { mode, uid, gid, mtimeSeconds };
    yield encodeTarHeader({ ...plain, ...facts, name: `./${name}`, kind: "fifo" });
  }
  const attributes = Object.fromEntries(marks.map((mark) => [mark, "y"]));
  for (const name of opaque) {
    const { uid, gid, mode } = lstatSync(`${directory}/${name}`); // tar sets them anew
    const facts = { uid, gid, mode: mode & 0o7777, attributes };
    yield encodeTarHeader({ ...plain, ...facts, name: `./${name}/`, kind: "directory" });
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

const plain: Omit<TarEntry, "name" | "kind"> = {
  ...{ mode: 0o600, uid: 0, gid: 0, sizeBytes: 0, mtimeSeconds: 0 },
  ...{ linkName: "", deviceMajor: 0, deviceMinor: 0, attributes: {} },
};

interface TarResult {
  readonly exitCode: number;
  readonly output: string;
}

async function runTar(args: readonly string[], input: Readable): Promise<TarResult> {
  const env = { PATH: process.env["PATH"] ?? "", LC_ALL: "C" };
  const child = spawn("tar", args, { env, stdio: ["pipe", "ignore", "pipe"] });
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  const fed = pipeline(input, child.stdin).catch(() => undefined); // a tar that ends early says why
  try {
    const [exitCode, output] = await Promise.all([exited, text(child.stderr), fed]);
    return { exitCode, output };
  } catch (error) {
    return { exitCode: 127, output: String(error) };
  }
}
