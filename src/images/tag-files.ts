import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { readSmallFile } from "./read-small-file.ts";
import { writeAtomically } from "./write-atomically.ts";

/** The names of images: one file each, which holds the image's id. */
export class TagFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** @returns the names of each image, by its id */
  async read(): Promise<ReadonlyMap<string, readonly string[]>> {
    const tags = new Map<string, string[]>();
    for (const file of readdirSync(this.directory)) {
      if (file.endsWith(".draft")) continue;
      const id = readSmallFile(join(this.directory, file));
      if (id === undefined) continue; // taken away meanwhile
      tags.set(id, [...(tags.get(id) ?? []), decodeURIComponent(file)]);
    }
    return tags;
  }

  /** @returns the id of the image that has a name */
  find(name: string): string | undefined {
    return readSmallFile(this.#pathOf(name));
  }

  write(name: string, id: string): Promise<void> {
    return writeAtomically(this.#pathOf(name), id);
  }

  remove(name: string): Promise<void> {
    return rm(this.#pathOf(name), { force: true });
  }

  #pathOf(name: string): string {
    return join(this.directory, encodeURIComponent(name));
  }
}
