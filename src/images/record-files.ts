import { readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { parseImageRecord, type ImageRecord } from "./image-record.ts";
import { markUsed, usedAtMsOf } from "./mark-used.ts";
import { isDigest } from "./oci/is-digest.ts";
import { readSmallFile } from "./read-small-file.ts";
import { writeAtomically } from "./write-atomically.ts";

const EXTENSION = ".json";

/** The records of images: one file each, whose time says when it was last asked for. */
export class RecordFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** @returns undefined when there is none, or one that was cut short */
  async read(id: string): Promise<ImageRecord | undefined> {
    if (!isDigest(id)) return undefined;
    const text = readSmallFile(this.#pathOf(id));
    return text === undefined ? undefined : parseImageRecord(text);
  }

  async readAll(): Promise<readonly ImageRecord[]> {
    const names = readdirSync(this.directory).filter((name) => name.endsWith(EXTENSION));
    const records = await Promise.all(names.map((name) => this.read(idOf(name))));
    return records.filter((record) => record !== undefined);
  }

  /** @returns the id that begins with some digits */
  async find(digits: string): Promise<string | undefined> {
    const names = readdirSync(this.directory);
    const name = names.find((item) => item.startsWith(digits) && item.endsWith(EXTENSION));
    return name === undefined ? undefined : idOf(name);
  }

  write(record: ImageRecord): Promise<void> {
    return writeAtomically(this.#pathOf(record.id), JSON.stringify(record));
  }

  remove(id: string): Promise<void> {
    return rm(this.#pathOf(id), { force: true });
  }

  /** An image that is asked for is in use, so it is not collected. */
  async touch(id: string): Promise<void> {
    markUsed(this.#pathOf(id));
  }

  /** @returns when an image was last asked for; infinity when it is gone, so nothing follows */
  async usedAtMs(id: string): Promise<number> {
    const stats = statSync(this.#pathOf(id), { throwIfNoEntry: false });
    return stats === undefined ? Infinity : usedAtMsOf(stats);
  }

  #pathOf(id: string): string {
    return join(this.directory, `${id.slice("sha256:".length)}${EXTENSION}`);
  }
}

function idOf(name: string): string {
  return `sha256:${name.slice(0, -EXTENSION.length)}`;
}
