import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import { toIdentity, type FileIdentity } from "../layer/tree-entry.ts";

/** What a file held, and what it was right after it was read. */
export interface HashedFile {
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
  readonly identity: FileIdentity;
}

/** Below this, Node's thread pool costs more than the reading. */
const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
const flags = constants.O_RDONLY | constants.O_NOFOLLOW;

/** Hashes a file of this machine. */
export async function hashFile(path: string, sizeBytes: number): Promise<HashedFile> {
  if (sizeBytes > SMALL_BYTES) return hashLarge(path);
  await setImmediate(); // other work of this process goes on between two files
  return hashSmall(path);
}

function hashSmall(path: string): HashedFile {
  const fd = openSync(path, flags);
  try {
    const hash = createHash("sha256");
    for (;;) {
      const count = readSync(fd, chunk);
      if (count === 0) break;
      hash.update(chunk.subarray(0, count));
    }
    return { digest: hash.digest("hex"), identity: toIdentity(fstatSync(fd)) };
  } finally {
    closeSync(fd);
  }
}

async function hashLarge(path: string): Promise<HashedFile> {
  const file = await open(path, flags);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES); // its own, since this waits between reads
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { digest: hash.digest("hex"), identity: toIdentity(await file.stat()) };
  } finally {
    await file.close();
  }
}
