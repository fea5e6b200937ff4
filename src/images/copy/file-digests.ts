import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { isSameFile, type FileIdentity } from "../layer/tree-entry.ts";
import { isJsonObject } from "../oci/json-fields.ts";
import { markUsed } from "../mark-used.ts";
import { readSmallFile } from "../read-small-file.ts";
import { writeAtomically } from "../write-atomically.ts";
import { deleteOldest } from "./delete-oldest.ts";
import { hashFile } from "./hash-file.ts";

/** Hashes of files, kept so that a file that did not change is not read again. */
export interface FileDigests {
  /** @returns SHA-256 of a file's content, in hexadecimal */
  digestOf(path: string, identity: FileIdentity): Promise<string>;
  /** Keeps what was learned, for later builds of this and other processes. */
  save(): Promise<void>;
}

type Row = readonly [path: string, identity: FileIdentity, digest: string];

// A clock of a file system may stand still for some time, so a file that was written again right
// after it was hashed can look the same: git's "racily clean" entries. FAT counts in 2 s.
const RACY_MS = 2000;
const MAX_ROWS = 200_000;
/** One file each build context; those of contexts that were not built for long go first. */
const MAX_FILES = 64;

/**
 * Opens the hashes of a build context.
 *
 * @param cacheDir made when it is missing
 * @param contextDir whose hashes
 */
export async function openFileDigests(cacheDir: string, contextDir: string): Promise<FileDigests> {
  const directory = join(cacheDir, "file-digests");
  const name = createHash("sha256").update(contextDir).digest("hex").slice(0, 32);
  const path = join(directory, `${name}.json`);
  return new KeptDigests(path, toMap(readRows(path)));
}

class KeptDigests implements FileDigests {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, Row>;
  readonly #used = new Map<string, Row>();
  #isChanged = false;

  constructor(path: string, known: ReadonlyMap<string, Row>) {
    this.#path = path;
    this.#known = known;
  }

  async digestOf(path: string, identity: FileIdentity): Promise<string> {
    const row = this.#used.get(path) ?? this.#known.get(path);
    if (row !== undefined && isSameFile(row[1], identity)) {
      this.#used.set(path, row);
      return row[2];
    }
    const startMs = Date.now();
    const hashed = await hashFile(path, identity.sizeBytes);
    if (!isSameFile(hashed.identity, identity)) {
      throw new Error(`${path} changed while it was read; build again when nothing writes to it`);
    }
    const changedMs = Math.max(identity.mtimeMs, identity.ctimeMs);
    if (changedMs + RACY_MS < startMs) this.#keep([path, identity, hashed.digest]);
    return hashed.digest;
  }

  async save(): Promise<void> {
    if (!this.#isChanged) return markUsed(this.#path); // only ages
    const directory = join(this.#path, "..");
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // What other processes learned meanwhile, then ours, the newest last: the oldest go first.
    const rows = new Map([...toMap(readRows(this.#path)), ...this.#used]);
    const kept = [...rows.values()].slice(-MAX_ROWS);
    await writeAtomically(this.#path, JSON.stringify(kept));
    this.#isChanged = false;
    await deleteOldest(directory, MAX_FILES);
  }

  #keep(row: Row): void {
    this.#used.set(row[0], row);
    this.#isChanged = true;
  }
}

function readRows(path: string): readonly Row[] {
  const text = readSmallFile(path) ?? "[]"; // the first build has none
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isRow) : [];
  } catch {
    return []; // as after a full disk: everything is hashed again
  }
}

function toMap(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row[0], row]));
}

function isRow(value: unknown): value is Row {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const row: readonly unknown[] = value;
  const [path, identity, digest] = row;
  return typeof path === "string" && isIdentity(identity) && typeof digest === "string";
}

function isIdentity(value: unknown): value is FileIdentity {
  if (!isJsonObject(value)) return false;
  return ["dev", "ino", "sizeBytes", "mtimeMs", "ctimeMs"].every(
    (name) => typeof value[name] === "number",
  );
}
