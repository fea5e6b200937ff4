import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { EngineError } from "../engine-error.ts";

/** A directory of the engine that containers may share. */
export interface Volume {
  readonly name: string;
  readonly directory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** The volumes by name. */
export class VolumeTable {
  readonly #root: string;
  readonly #volumes = new Map<string, Volume>();

  /** @param root holds the volumes' directories */
  constructor(root: string) {
    this.#root = root;
  }

  /** All volumes. */
  list(): readonly Volume[] {
    return [...this.#volumes.values()];
  }

  /** Enters a volume, whose directory is then to be made; the known one when there is one. */
  add(
    name: string,
    labels: Volume["labels"],
  ): { readonly volume: Volume; readonly isNew: boolean } {
    const known = this.#volumes.get(name);
    if (known !== undefined) return { volume: known, isNew: false };
    const directory = join(this.#root, randomBytes(8).toString("hex"));
    const volume = { name, directory, labels, createdAtMs: Date.now() };
    this.#volumes.set(name, volume);
    return { volume, isNew: true };
  }

  /** @throws {EngineError} NO_SUCH_VOLUME */
  get(name: string): Volume {
    const volume = this.#volumes.get(name);
    if (volume !== undefined) return volume;
    throw new EngineError("NO_SUCH_VOLUME", `Cannot find volume: get ${name}: no such volume`);
  }

  /** Forgets a volume; its directory is then to be deleted. */
  delete(name: string): void {
    this.#volumes.delete(name);
  }
}
