import type { Incarnation } from "./incarnation.ts";
import type { ObjectData } from "./object-data.ts";
import type { SqlValue } from "./sql-database.ts";

/** The alarm of an object. */
export interface ObjectAlarm {
  atMs: number | null;
  set(atMs: number | null): void;
}

/** What a storage view stands on. */
export interface StorageGround {
  readonly life: Incarnation;
  readonly data: ObjectData;
  readonly alarm: ObjectAlarm;
  /** Takes as long as the disk does; nothing is delivered to the object meanwhile. */
  access(): Promise<void>;
}

interface ListOptions {
  readonly prefix?: string;
  readonly start?: string;
  readonly end?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** `ctx.storage` of one life. It fails once that life is over, as the platform's does. */
export function objectStorage(ground: StorageGround): object {
  const { data, alarm, life } = ground;
  const alive = (): void => {
    if (life.isDead) {
      throw new Error("Cannot perform I/O on behalf of a Durable Object that was reset.");
    }
  };
  const kv = {
    get: (key: string): unknown => (alive(), data.get(key)),
    put: (key: string, value: unknown): void => (alive(), data.put(key, value)),
    delete: (key: string): boolean => (alive(), data.delete(key)),
    list: (options: ListOptions = {}): Iterable<[string, unknown]> => (
      alive(),
      list(data, options)
    ),
  };
  const methods = asyncStorage(ground, kv, alive);
  return {
    kv,
    sql: {
      exec: (query: string, ...bindings: SqlValue[]) => (alive(), cursor(data, query, bindings)),
      databaseSize: 4_096,
    },
    transactionSync: <Result>(work: () => Result): Result => (
      alive(),
      data.database.transaction(work)
    ),
    ...methods,
    transaction: async <Result>(
      work: (transaction: object) => Promise<Result>,
    ): Promise<Result> => {
      alive();
      return await work({ ...methods, rollback: () => {} });
    },
    getAlarm: async (): Promise<number | null> => (alive(), await ground.access(), alarm.atMs),
    setAlarm: async (at: number | Date): Promise<void> => (alive(), alarm.set(Number(at))),
    deleteAlarm: async (): Promise<void> => (alive(), alarm.set(null)),
  };
}

interface KeyValues {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  delete(key: string): boolean;
  list(options?: ListOptions): Iterable<[string, unknown]>;
}

function asyncStorage(ground: StorageGround, kv: KeyValues, alive: () => void): object {
  const { data } = ground;
  return {
    get: async (key: string | string[]): Promise<unknown> => {
      alive();
      await ground.access();
      if (typeof key === "string") return kv.get(key);
      return new Map(key.filter((one) => data.values.has(one)).map((one) => [one, kv.get(one)]));
    },
    put: async (key: string | Record<string, unknown>, value?: unknown): Promise<void> => {
      alive();
      const entries = typeof key === "string" ? [[key, value] as const] : Object.entries(key);
      for (const [name, one] of entries) kv.put(name, one);
      await ground.access();
    },
    delete: async (key: string | string[]): Promise<boolean | number> => {
      alive();
      const had = [key].flat().filter((one) => kv.delete(one)).length;
      await ground.access();
      return typeof key === "string" ? had > 0 : had;
    },
    list: async (options?: ListOptions): Promise<Map<string, unknown>> => {
      alive();
      await ground.access();
      return new Map(kv.list(options));
    },
    deleteAll: async (): Promise<void> => {
      alive();
      data.values.clear();
      data.database.clear();
      await ground.access();
    },
    sync: async (): Promise<void> => (alive(), await ground.access()),
  };
}

function list(data: ObjectData, options: ListOptions): [string, unknown][] {
  const { prefix = "", start = "", end, limit, reverse = false } = options;
  const keys = [...data.values.keys()]
    .filter((key) => key.startsWith(prefix) && key >= start && (end === undefined || key < end))
    .toSorted();
  const ordered = reverse ? keys.toReversed() : keys;
  return ordered.slice(0, limit).map((key) => [key, data.get(key)]);
}

function cursor(data: ObjectData, query: string, bindings: readonly SqlValue[]): object {
  const rows = data.database.exec(query, bindings);
  return {
    toArray: () => [...rows],
    one: () => {
      if (rows.length === 1) return rows[0];
      throw new Error(
        "Expected exactly one result from SQL query, but got " +
          (rows.length === 0 ? "no results." : "multiple results."),
      );
    },
    raw: () => rows.map((row) => Object.values(row))[Symbol.iterator](),
    columnNames: Object.keys(rows[0] ?? {}),
    rowsRead: rows.length,
    rowsWritten: 0,
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}
