import { nodeModule } from "./node-module.ts";
import { sqlFunctions, type SqlHost } from "./sql-functions.ts";

/** A value that SQLite keeps. */
export type SqlValue = string | number | null | ArrayBuffer;

/** A row as a cursor gives it. */
export type SqlRow = Record<string, SqlValue>;

/** What a statement gave. */
export interface SqlResult {
  readonly rows: readonly SqlRow[];
  readonly columnNames: readonly string[];
  readonly rowsWritten: number;
}

/** A real SQLite database, of whatever platform this runs on. */
export interface SqlDatabase {
  exec(query: string, bindings: readonly SqlValue[]): SqlResult;
  /** Whether a statement may change something. */
  isWrite(query: string): boolean;
  /** Does several things at once, or none of them. */
  transaction<Result>(work: () => Result): Result;
  /** Begins to do several things, in several turns. */
  begin(): SqlTransaction;
  /** From now on, until they are confirmed, changes can be taken back. */
  hold(): void;
  /** What was held is on disk. */
  confirm(): void;
  /** Takes back what was held; false where it cannot. */
  rollBack(): boolean;
  /** Its size on disk, in bytes. */
  readonly sizeBytes: number;
  /** Empties it. */
  clear(): void;
}

/** Several things that are done at once, or none of them. One of both is called. */
export interface SqlTransaction {
  readonly commit: () => void;
  readonly rollBack: () => void;
}

/** The storage of a real object in workerd, as far as its database goes. */
export interface RealStorage {
  readonly sql: {
    readonly databaseSize: number;
    exec(query: string, ...bindings: readonly SqlValue[]): RealCursor;
  };
  transactionSync<Result>(work: () => Result): Result;
}

interface RealCursor {
  toArray(): SqlRow[];
  readonly columnNames: readonly string[];
  readonly rowsWritten: number;
}

const nothing = (): void => {};

/**
 * Takes the database of a real object, which has to be empty and nobody else's. Over several turns
 * it takes nothing back: there no statement may begin a transaction.
 */
export function realDatabase(storage: RealStorage): SqlDatabase {
  const exec: SqlDatabase["exec"] = (query, bindings) => {
    const cursor = storage.sql.exec(query, ...bindings);
    const { columnNames } = cursor;
    return { columnNames, rows: cursor.toArray(), rowsWritten: cursor.rowsWritten };
  };
  return {
    exec,
    isWrite,
    transaction: (work) => storage.transactionSync(work),
    begin: () => ({ commit: nothing, rollBack: nothing }),
    hold: nothing,
    confirm: nothing,
    rollBack: () => false,
    get sizeBytes() {
      return storage.sql.databaseSize;
    },
    clear: () => {
      const { rows } = exec("SELECT name FROM sqlite_master WHERE type = 'table'", []);
      const names = rows
        .flatMap(({ name }) => (typeof name === "string" ? [name] : []))
        .filter((name) => !/^(_cf|sqlite)_/i.test(name));
      for (const name of names) exec(`DROP TABLE "${name}"`, []);
    },
  };
}

/** Comments aside, what only reads begins with one of few words. */
function isWrite(query: string): boolean {
  const text = query.replace(/--.*|\/\*[\s\S]*?\*\//g, "").trim();
  if (/;\s*\S/.test(text)) return true;
  if (/^with\b/i.test(text)) return /\b(insert|update|delete|replace)\b/i.test(text);
  return !/^(select|explain|pragma|values)\b/i.test(text);
}

interface NodeStatement {
  columns(): readonly { readonly name: string }[];
  all(...bindings: readonly unknown[]): Record<string, string | number | null | Uint8Array>[];
}

interface NodeDatabase {
  prepare(query: string): NodeStatement;
  exec(query: string): void;
  close(): void;
  function(name: string, work: (...args: never[]) => unknown): void;
}

/** Statements are prepared once, as in Workers, but not without bound. */
const MAX_STATEMENTS = 500;

/** A database in memory, by Node's own SQLite. */
class MemoryDatabase implements SqlDatabase {
  readonly #host: SqlHost;
  readonly #statements = new Map<string, NodeStatement>();
  readonly #writes = new Map<string, boolean>();
  #database: NodeDatabase;
  #isHolding = false;

  constructor(host: SqlHost) {
    this.#host = host;
    this.#database = this.#open();
  }

  exec(query: string, bindings: readonly SqlValue[]): SqlResult {
    try {
      const rows = this.#rows(query, bindings);
      const columnNames = isScript(query) ? [] : this.#columnNames(query);
      return { rows, columnNames, rowsWritten: this.isWrite(query) ? this.#changes() : 0 };
    } catch (error) {
      throw sqliteError(error);
    }
  }

  isWrite(query: string): boolean {
    const known = this.#writes.get(query) ?? isWrite(query);
    if (this.#writes.size < MAX_STATEMENTS) this.#writes.set(query, known);
    return known;
  }

  transaction<Result>(work: () => Result): Result {
    const { commit, rollBack } = this.begin();
    try {
      const result = work();
      commit();
      return result;
    } catch (error) {
      rollBack();
      throw error;
    }
  }

  begin(): SqlTransaction {
    this.hold(); // around it, not within
    this.#database.exec("SAVEPOINT simulated");
    return {
      commit: () => this.#database.exec("RELEASE simulated"),
      rollBack: () => this.#database.exec("ROLLBACK TO simulated; RELEASE simulated"),
    };
  }

  hold(): void {
    if (!this.#isHolding) this.#database.exec("SAVEPOINT held");
    this.#isHolding = true;
  }

  confirm(): void {
    if (this.#isHolding) this.#database.exec("RELEASE held");
    this.#isHolding = false;
  }

  rollBack(): boolean {
    if (this.#isHolding) this.#database.exec("ROLLBACK TO held; RELEASE held");
    this.#isHolding = false;
    return true;
  }

  get sizeBytes(): number {
    const read = (what: string): number => Number(this.#prepare(`PRAGMA ${what}`).all()[0]?.[what]);
    return read("page_count") * read("page_size");
  }

  clear(): void {
    this.#database.close();
    this.#statements.clear();
    this.#isHolding = false;
    this.#database = this.#open();
  }

  #open(): NodeDatabase {
    const { DatabaseSync } = nodeSqlite();
    const database = new DatabaseSync(":memory:");
    let plain: NodeDatabase | undefined; // what is asked for another time than the present
    const evaluate = (call: string, args: readonly unknown[]): unknown => {
      plain ??= new DatabaseSync(":memory:");
      return plain.prepare(`SELECT ${call} AS value`).all(...args)[0]?.["value"];
    };
    for (const [name, work] of sqlFunctions(this.#host, evaluate)) database.function(name, work);
    return database;
  }

  #rows(query: string, bindings: readonly SqlValue[]): readonly SqlRow[] {
    if (bindings.length === 0 && isScript(query)) {
      this.#database.exec(query);
      return [];
    }
    const parameters = countParameters(query);
    if (parameters !== bindings.length) {
      throw new Error(
        `Wrong number of parameter bindings for SQL query. Expected ${parameters}, got ${bindings.length}.`,
      );
    }
    const given = bindings.map((value) =>
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    );
    return this.#prepare(query)
      .all(...given)
      .map(toRow);
  }

  #prepare(query: string): NodeStatement {
    const statement = this.#statements.get(query) ?? this.#database.prepare(query);
    if (this.#statements.size < MAX_STATEMENTS) this.#statements.set(query, statement);
    return statement;
  }

  #columnNames(query: string): readonly string[] {
    return this.#prepare(query)
      .columns()
      .map(({ name }) => name);
  }

  #changes(): number {
    return Number(this.#prepare("SELECT changes() AS rows").all()[0]?.["rows"]);
  }
}

/** Opens a database in memory whose clock and lots are a world's. */
export function openNodeDatabase(host: SqlHost): SqlDatabase {
  return new MemoryDatabase(host);
}

/** How many values a statement takes: `?` each, or the highest of `?1`, `?2`. */
function countParameters(query: string): number {
  const code = query.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--.*|\/\*[\s\S]*?\*\//g, "");
  let count = 0;
  for (const [, number] of code.matchAll(/\?(\d*)/g)) {
    count = number === "" ? count + 1 : Math.max(count, Number(number));
  }
  return count;
}

/** Several statements in one text. Where there are no values to bind, it is allowed. */
function isScript(query: string): boolean {
  return query.trim().replace(/;\s*$/, "").includes(";");
}

function toRow(row: Record<string, string | number | null | Uint8Array>): SqlRow {
  const copy: SqlRow = {};
  for (const [name, value] of Object.entries(row)) {
    copy[name] = value instanceof Uint8Array ? new Uint8Array(value).buffer : value;
  }
  return copy;
}

/** In the words of Workers, which name SQLite's result code last. */
function sqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error;
  const code = Number(error.errcode) % 256 === 19 ? "SQLITE_CONSTRAINT" : "SQLITE_ERROR";
  return new Error(`${error.message}: ${code}`);
}

function nodeSqlite(): { readonly DatabaseSync: new (path: string) => NodeDatabase } {
  const module = nodeModule("node:sqlite");
  if (module !== undefined && "DatabaseSync" in module) {
    return module as unknown as ReturnType<typeof nodeSqlite>;
  }
  throw new Error(
    "Cannot simulate storage: node:sqlite is missing; use Node 22.13 or newer, or give the ctx of a real object in workerd",
  );
}
