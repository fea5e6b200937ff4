import { readFile, stat } from "node:fs/promises";

/** What a shell gives for `<(command)`: a pipe that somebody writes to. */
const OWN_DESCRIPTOR = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/;

/**
 * Reads a text that may be anything on the user's disk. A FIFO without a writer would never open, and
 * would hold one of Node's few threads for good.
 *
 * @throws {Error} what the file system says, or that it is no file
 */
export async function readTextFile(path: string): Promise<string> {
  const stats = await stat(path);
  if (stats.isFile() || OWN_DESCRIPTOR.test(path)) return readFile(path, "utf8");
  throw new Error(`${path} is no file`);
}
