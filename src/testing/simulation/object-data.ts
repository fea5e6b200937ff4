import { storageFailed } from "./platform-errors.ts";
import type { SqlDatabase, SqlResult, SqlValue } from "./sql-database.ts";

/** A change that is not on disk yet. */
interface Unconfirmed {
  readonly confirmedAtMs: number;
  /** Takes it back; a change of the database is taken back with all of them. */
  readonly undo?: () => void;
  /** Makes it again: a change of the database that is on disk after all. */
  readonly redo?: () => void;
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
  #journal: (() => void)[] | undefined;

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
    const copy: unknown = structuredClone(value);
    this.write(() => this.#change(key, () => this.values.set(key, copy)));
  }

  delete(key: string): boolean {
    const had = this.values.has(key);
    this.write(() => this.#change(key, () => this.values.delete(key)));
    return had;
  }

  /** Runs a statement. One that changes something is a write as any other. */
  sql(query: string, bindings: readonly SqlValue[]): SqlResult {
    if (!this.database.isWrite(query)) return this.database.exec(query, bindings);
    this.#beginWrite();
    if (this.disk.writeMs > 0) this.database.hold();
    const result = this.database.exec(query, bindings);
    this.#note({ redo: () => void this.database.exec(query, bindings) });
    return result;
  }

  /**
   * Makes a change of anything that is kept.
   *
   * @param apply makes it, and returns what takes it back
   */
  write(apply: () => () => void): void {
    this.#beginWrite();
    const undo = apply();
    this.#journal?.push(undo);
    this.#note({ undo });
  }

  /** Empties it. */
  deleteAll(): void {
    this.write(() => {
      const before = [...this.values];
      this.values.clear();
      return () => {
        for (const [key, value] of before) this.values.set(key, value);
      };
    });
    this.database.clear();
    this.#unconfirmed = this.#unconfirmed.filter(({ redo }) => redo === undefined);
  }

  /** Does several things at once, or none of them. */
  transaction<Result>(work: () => Result): Result {
    const { rollBack, end } = this.beginTransaction();
    try {
      return this.database.transaction(work);
    } catch (error) {
      rollBack();
      throw error;
    } finally {
      end();
    }
  }

  /** Begins to note how changes are taken back, those of the database apart. */
  beginTransaction(): { readonly rollBack: () => void; readonly end: () => void } {
    const outer = this.#journal;
    const journal: (() => void)[] = [];
    this.#journal = journal;
    return {
      rollBack: () => {
        for (const undo of journal.splice(0).toReversed()) undo();
      },
      end: () => {
        this.#journal = outer;
        outer?.push(...journal);
      },
    };
  }

  /** Loses what is not on disk, as when the machine dies. */
  loseUnconfirmed(): void {
    const nowMs = this.#now();
    const isLost = ({ confirmedAtMs }: Unconfirmed): boolean => confirmedAtMs > nowMs;
    for (const change of this.#unconfirmed.toReversed()) if (isLost(change)) change.undo?.();
    const kept = this.#unconfirmed.filter((change) => !isLost(change));
    this.#unconfirmed = [];
    if (this.database.rollBack()) for (const { redo } of kept) redo?.();
  }

  #change(key: string, apply: () => unknown): () => void {
    const had = this.values.has(key);
    const before = this.values.get(key);
    apply();
    return () => void (had ? this.values.set(key, before) : this.values.delete(key));
  }

  #beginWrite(): void {
    if (this.disk.failures > 0) {
      this.disk.failures -= 1;
      const error = storageFailed();
      this.#onFailure(error);
      throw error;
    }
    this.writes += 1;
    this.#forgetConfirmed();
  }

  /** What the database holds back is kept until all of it is on disk. */
  #forgetConfirmed(): void {
    if (this.#unconfirmed.length === 0 || this.confirmedAtMs > this.#now()) return;
    this.#unconfirmed = [];
    this.database.confirm();
  }

  #note(change: Omit<Unconfirmed, "confirmedAtMs">): void {
    if (this.disk.writeMs === 0 && this.#unconfirmed.length === 0) return;
    const confirmedAtMs = Math.max(this.confirmedAtMs, this.#now() + this.disk.writeMs);
    this.#unconfirmed.push({ confirmedAtMs, ...change });
  }
}
