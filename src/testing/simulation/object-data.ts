import type { SqlDatabase } from "./sql-database.ts";

/** A change that is not on disk yet. */
interface Unconfirmed {
  readonly confirmedAtMs: number;
  readonly undo: () => void;
}

/** How the disk behaves. */
export interface Disk {
  /** How long a write takes to be confirmed, in milliseconds. */
  writeMs: number;
  /** How many of the next writes fail. */
  failures: number;
}

/** What of one object outlives its memory: its values, its database, its alarm. */
export class ObjectData {
  readonly values = new Map<string, unknown>();
  readonly database: SqlDatabase;
  readonly disk: Disk = { writeMs: 0, failures: 0 };
  /** How many writes there were. */
  writes = 0;
  readonly #now: () => number;
  readonly #onFailure: (error: Error) => void;
  #unconfirmed: Unconfirmed[] = [];

  /** @param onFailure told when a write failed: the platform resets the object then */
  constructor(database: SqlDatabase, now: () => number, onFailure: (error: Error) => void) {
    this.database = database;
    this.#now = now;
    this.#onFailure = onFailure;
  }

  /** When what was written up to now is on disk. */
  get confirmedAtMs(): number {
    return this.#unconfirmed.at(-1)?.confirmedAtMs ?? 0;
  }

  get(key: string): unknown {
    return structuredClone(this.values.get(key));
  }

  put(key: string, value: unknown): void {
    this.#write(() => {
      const before = this.values.get(key);
      const had = this.values.has(key);
      this.values.set(key, structuredClone(value));
      return () => (had ? this.values.set(key, before) : this.values.delete(key));
    });
  }

  delete(key: string): boolean {
    const had = this.values.has(key);
    this.#write(() => {
      const before = this.values.get(key);
      this.values.delete(key);
      return () => had && this.values.set(key, before);
    });
    return had;
  }

  /** Loses what is not on disk, as when the machine dies. */
  loseUnconfirmed(): void {
    const nowMs = this.#now();
    for (const change of this.#unconfirmed.toReversed()) {
      if (change.confirmedAtMs > nowMs) change.undo();
    }
    this.#unconfirmed = [];
  }

  #write(apply: () => () => unknown): void {
    if (this.disk.failures > 0) {
      this.disk.failures -= 1;
      const error = new Error(
        "Durable Object storage operation failed and caused the object to be reset.",
      );
      this.#onFailure(error);
      throw error;
    }
    this.writes += 1;
    const undo = apply();
    const nowMs = this.#now();
    this.#unconfirmed = this.#unconfirmed.filter(({ confirmedAtMs }) => confirmedAtMs > nowMs);
    if (this.disk.writeMs > 0) {
      this.#unconfirmed.push({ confirmedAtMs: nowMs + this.disk.writeMs, undo });
    }
  }
}
