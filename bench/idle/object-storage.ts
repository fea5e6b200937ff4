import { DatabaseSync } from "node:sqlite";

type SqlValue = string | number | null;

/** A Durable Object's storage in memory: it outlives the object, and tells of its alarm. */
export class ObjectStorage {
  readonly #values = new Map<string, unknown>();
  readonly #database = new DatabaseSync(":memory:");
  readonly #onAlarm: (atMs: number | null) => void;
  #alarmAtMs: number | null = null;

  /** Values without waiting. */
  readonly kv = {
    get: (key: string): unknown => structuredClone(this.#values.get(key)),
    put: (key: string, value: unknown): void => void this.#values.set(key, structuredClone(value)),
    delete: (key: string): boolean => this.#values.delete(key),
  };

  /** Statements, each run to its end. */
  readonly sql = {
    exec: (query: string, ...values: SqlValue[]): object => {
      const rows = this.#database.prepare(query).all(...values);
      return { toArray: () => rows, [Symbol.iterator]: () => rows[Symbol.iterator]() };
    },
  };

  /** @param onAlarm told when the alarm is to come, or that it is not to */
  constructor(onAlarm: (atMs: number | null) => void) {
    this.#onAlarm = onAlarm;
  }

  async get(key: string): Promise<unknown> {
    return this.kv.get(key);
  }

  async put(key: string, value: unknown): Promise<void> {
    this.kv.put(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.kv.delete(key);
  }

  async sync(): Promise<void> {}

  async getAlarm(): Promise<number | null> {
    return this.#alarmAtMs;
  }

  async setAlarm(at: number | Date): Promise<void> {
    this.#alarmAtMs = Number(at);
    this.#onAlarm(this.#alarmAtMs);
  }

  async deleteAlarm(): Promise<void> {
    this.#alarmAtMs = null;
    this.#onAlarm(null);
  }

  /** The alarm has come: it counts as deleted while its handler runs. */
  takeAlarm(): void {
    this.#alarmAtMs = null;
  }
}
