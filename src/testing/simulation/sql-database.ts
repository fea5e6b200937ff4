import { nodeModule } from "./node-module.ts";

/** A value that SQLite keeps. */
export type SqlValue = string | number | null | ArrayBuffer;

/** Rows as `exec()` gives them. */
export type SqlRows = readonly Record<string, SqlValue>[];

/** A real SQLite database, of whatever platform this runs on. */
export interface SqlDatabase {
  exec(query: string, bindings: readonly SqlValue[]): SqlRows;
  /** Does several things at once, or none of them. */
  transaction<Result>(work: () => Result): Result;
  /** Empties it. */
  clear(): void;
}

/** The storage of a real object in workerd, as far as its database goes. */
export interface RealStorage {
  readonly sql: {
    exec(query: string, ...bindings: readonly SqlValue[]): { toArray(): SqlRows };
  };
  transactionSync<Result>(work: () => Result): Result;
}

/** Takes the database of a real object, which has to be empty and nobody else's. */
export function realDatabase(storage: RealStorage): SqlDatabase {
  const exec: SqlDatabase["exec"] = (query, bindings) =>
    storage.sql.exec(query, ...bindings).toArray();
  return {
    exec,
    transaction: (work) => storage.transactionSync(work),
    clear: () => {
      const tables = exec("SELECT name FROM sqlite_master WHERE type = 'table'", []);
      const names = tables
        .flatMap(({ name }) => (typeof name === "string" ? [name] : []))
        .filter((name) => !name.startsWith("_cf"));
      for (const name of names) exec(`DROP TABLE "${name}"`, []);
    },
  };
}

interface NodeStatement {
  all(...bindings: readonly SqlValue[]): SqlRows;
}

interface NodeDatabase {
  prepare(query: string): NodeStatement;
  exec(query: string): void;
  close(): void;
}

/** Opens a database in memory, by Node's own SQLite. */
export function openNodeDatabase(): SqlDatabase {
  const { DatabaseSync } = nodeSqlite();
  let database = new DatabaseSync(":memory:");
  return {
    exec: (query, bindings) => run(database, query, bindings),
    transaction: (work) => {
      database.exec("SAVEPOINT simulated");
      try {
        const result = work();
        database.exec("RELEASE simulated");
        return result;
      } catch (error) {
        database.exec("ROLLBACK TO simulated; RELEASE simulated");
        throw error;
      }
    },
    clear: () => {
      database.close();
      database = new DatabaseSync(":memory:");
    },
  };
}

/** Several statements may stand in one text, as in Workers; the last one gives the rows. */
function run(database: NodeDatabase, query: string, bindings: readonly SqlValue[]): SqlRows {
  const isScript = bindings.length === 0 && query.trim().replace(/;\s*$/, "").includes(";");
  if (!isScript) return database.prepare(query).all(...bindings);
  database.exec(query);
  return [];
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
