import { storageFailed } from "./platform-errors.ts";
import type { SqlDatabase, SqlResult, SqlValue } from "./sql-database.ts";

/** A change that is not on disk yet. */
interface Unconfirmed {
  readonly confirmedAtMs: number;
  /** In which turn of the world it was made: it is written as the turn ends. */
  readonly turn: number;
  /** How many changes were made before it. */
  readonly sequence: number;
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

/** Whose time it is. */
export interface DataHost {
  now(): number;
  /** A number that is another in each turn. */
  readonly turn: number;
}

/** What of one object outlives its memory: its values, its database, its alarm. */
export class ObjectData {
  readonly values = new Map<string, unknown>();
  readonly database: SqlDatabase;
  readonly disk: Disk = { writeMs: 0, failures: 0 };
  /** How many writes there were. */
  writes = 0;
  readonly #host: DataHost;
  readonly #onFailure: (error: Error) => void;
  #unconfirmed: Unconfirmed[] = [];
  #sequence = 0;
  #journal: (() => void)[] | undefined;

  /** @param onFailure told when a write failed: the platform resets the object then */
  constructor(database: SqlDatabase, host: DataHost, onFailure: (error: Error) => void) {
    this.database = database;
    this.#host = host;
    this.#onFailure = onFailure;
  }

  /** When what was written up to now is on disk, in a later turn; undefined when it is. */
  get confirmedAtMs(): number | undefined {
    const last = this.#unconfirmed.at(-1);
    return last !== undefined && this.#isPending(last) ? last.confirmedAtMs : undefined;
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
    this.database.hold();
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
    const first = this.#sequence;
    this.#journal = journal;
    return {
      rollBack: () => {
        for (const undo of journal.splice(0).toReversed()) undo();
        this.#unconfirmed = this.#unconfirmed.filter(({ sequence }) => sequence < first);
      },
      end: () => {
        this.#journal = outer;
        outer?.push(...journal);
      },
    };
  }

  /** Loses what is not on disk, as when the machine dies. */
  loseUnconfirmed(): void {
    this.#lose(({ confirmedAtMs }) => confirmedAtMs > this.#host.now());
  }

  /** Loses what this turn has written, too, as when the object gives itself up in it. */
  loseTurn(): void {
    this.#lose((change) => this.#isPending(change));
  }

  #lose(isLost: (change: Unconfirmed) => boolean): void {
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
    if (this.#unconfirmed.length === 0 || this.confirmedAtMs !== undefined) return;
    this.#unconfirmed = [];
    this.database.confirm();
  }

  #note(change: Pick<Unconfirmed, "undo" | "redo">): void {
    const last = this.#unconfirmed.at(-1)?.confirmedAtMs ?? 0;
    const confirmedAtMs = Math.max(last, this.#host.now() + this.disk.writeMs);
    this.#unconfirmed.push({
      confirmedAtMs,
      turn: this.#host.turn,
      sequence: this.#sequence,
      ...change,
    });
    this.#sequence += 1;
  }

  #isPending({ confirmedAtMs, turn }: Unconfirmed): boolean {
    return confirmedAtMs > this.#host.now() || turn === this.#host.turn;
  }
}
