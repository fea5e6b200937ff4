import type { ObjectData } from "./object-data.ts";
import type { SqlValue } from "./sql-database.ts";
import { sqlCursor } from "./sql-cursor.ts";

/** The alarm of an object. */
export interface ObjectAlarm {
  readonly atMs: number | null;
  set(atMs: number | null): void;
}

/** What a storage view stands on. */
export interface StorageGround {
  readonly data: ObjectData;
  readonly alarm: ObjectAlarm;
  /** Throws when the life that it belongs to is over. */
  readonly check: () => void;
  /** Takes as long as the disk does; nothing is delivered to the object meanwhile. */
  readonly access: () => Promise<void>;
  /** Resolves when what was written is on disk. */
  readonly confirmed: () => Promise<void>;
  /** Runs `work` while nothing is delivered to the object. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface ListOptions {
  readonly prefix?: string;
  readonly start?: string;
  readonly startAfter?: string;
  readonly end?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

interface KeyValues {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  delete(key: string): boolean;
  list(options?: ListOptions): Iterable<[string, unknown]>;
}

/** `ctx.storage` of one life. It fails once that life is over, as the platform's does. */
export function objectStorage(ground: StorageGround): object {
  const { data, check } = ground;
  const kv: KeyValues = {
    get: (key) => (check(), data.get(key)),
    put: (key, value) => (check(), data.put(key, value)),
    delete: (key) => (check(), data.delete(key)),
    list: (options = {}) => (check(), list(data, options)),
  };
  const methods = { ...asyncStorage(ground, kv), ...alarmStorage(ground) };
  return {
    kv,
    sql: {
      exec: (query: string, ...bindings: SqlValue[]) => (
        check(),
        sqlCursor(data.sql(query, bindings))
      ),
      get databaseSize(): number {
        return data.database.sizeBytes;
      },
    },
    ...methods,
    sync: async (): Promise<void> => (check(), await ground.confirmed()),
    transactionSync: <Result>(work: () => Result): Result => (check(), data.transaction(work)),
    transaction: (work: (transaction: object) => Promise<unknown>) =>
      transaction(ground, methods, work),
  };
}

function asyncStorage(ground: StorageGround, kv: KeyValues): object {
  const { data, check } = ground;
  return {
    get: async (key: string | string[]): Promise<unknown> => {
      check();
      await ground.access();
      if (typeof key === "string") return kv.get(key);
      return new Map(key.filter((one) => data.values.has(one)).map((one) => [one, kv.get(one)]));
    },
    put: async (key: string | Record<string, unknown>, value?: unknown): Promise<void> => {
      check();
      const entries = typeof key === "string" ? [[key, value] as const] : Object.entries(key);
      for (const [name, one] of entries) kv.put(name, one);
      await ground.access();
    },
    delete: async (key: string | string[]): Promise<boolean | number> => {
      check();
      const had = [key].flat().filter((one) => kv.delete(one)).length;
      await ground.access();
      return typeof key === "string" ? had > 0 : had;
    },
    list: async (options?: ListOptions): Promise<Map<string, unknown>> => {
      check();
      await ground.access();
      return new Map(kv.list(options));
    },
    deleteAll: async (): Promise<void> => {
      check();
      data.deleteAll();
      setAlarm(ground, null);
      await ground.access();
    },
  };
}

function alarmStorage(ground: StorageGround): object {
  const { alarm, check, access } = ground;
  return {
    getAlarm: async (): Promise<number | null> => (check(), await access(), alarm.atMs),
    setAlarm: async (at: number | Date): Promise<void> => setAlarm(ground, Number(at)),
    deleteAlarm: async (): Promise<void> => setAlarm(ground, null),
  };
}

/** An alarm is set and deleted by a write as any other. */
function setAlarm({ alarm, data, check }: StorageGround, atMs: number | null): void {
  check();
  data.write(() => {
    const before = alarm.atMs;
    alarm.set(atMs);
    return () => alarm.set(before);
  });
}

/** Several operations at once, or none of them: where `work` throws or rolls back. */
function transaction<Result>(
  ground: StorageGround,
  methods: object,
  work: (transaction: object) => Promise<Result>,
): Promise<Result> {
  ground.check();
  return ground.exclusively(async () => {
    const values = ground.data.beginTransaction();
    const database = ground.data.database.begin();
    let isRolledBack = false;
    const rollback = (): void => {
      isRolledBack = true;
      values.rollBack();
    };
    try {
      return await work({ ...methods, rollback });
    } catch (error) {
      rollback();
      throw error;
    } finally {
      values.end();
      if (isRolledBack) database.rollBack();
      else database.commit();
    }
  });
}

function list(data: ObjectData, options: ListOptions): [string, unknown][] {
  const { prefix = "", start = "", startAfter, end, limit, reverse = false } = options;
  const keys = [...data.values.keys()]
    .filter((key) => key.startsWith(prefix) && key >= start)
    .filter((key) => (startAfter === undefined || key > startAfter) && !(end && key >= end))
    .toSorted();
  const ordered = reverse ? keys.toReversed() : keys;
  return ordered.slice(0, limit).map((key) => [key, data.get(key)]);
}
