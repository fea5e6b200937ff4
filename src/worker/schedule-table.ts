import { ContainerError } from "../errors/container-error.ts";
import type { ObjectStorage } from "../ports/platform.ts";
import type { Schedule } from "./container-types.ts";

// The table of @cloudflare/containers 0.3.7, so that its pending tasks survive the change of
// package. Times are seconds; ours keep their fraction, which SQLite stores in the same column.
type Row = {
  id: string;
  callback: string;
  payload: string | null;
  type: "scheduled" | "delayed";
  time: number;
  delayInSeconds: number | null;
};

/** A task to be scheduled. */
export interface NewTask<Payload> {
  /** A date, or a delay in seconds. */
  readonly when: Date | number;
  /** Name of the method. */
  readonly callback: string;
  /** Handed to the method, through JSON. */
  readonly payload: Payload;
}

/** Looks up the method that a task names. */
export type FindCallback = (
  name: string,
) => ((payload: unknown, schedule: Schedule<unknown>) => unknown) | undefined;

/** The tasks of one object, kept in its SQLite database. */
export class ScheduleTable {
  readonly #storage: ObjectStorage;
  readonly #findCallback: FindCallback;
  readonly #running = new Set<string>();
  #nextDueAtMs: number | undefined;

  constructor(storage: ObjectStorage, findCallback: FindCallback) {
    this.#storage = storage;
    this.#findCallback = findCallback;
    this.#readNextDue();
  }

  /** When the next task is due, in milliseconds since the epoch. */
  nextDueAtMs(): number | undefined {
    return this.#nextDueAtMs;
  }

  /**
   * Adds a task.
   *
   * @throws {ContainerError} `INVALID_ARGUMENT` when the time, the callback or the payload is not
   * usable
   */
  add<Payload>(task: NewTask<Payload>, nowMs: number): Schedule<Payload> {
    const { when, callback } = task;
    if (typeof callback !== "string" || this.#findCallback(callback) === undefined) {
      throw new ContainerError(
        "INVALID_ARGUMENT",
        `Cannot schedule ${JSON.stringify(callback)}: the class has no method of that name; pass the name of one`,
      );
    }
    const row: Row = {
      id: crypto.randomUUID(),
      callback,
      payload: payloadText(task),
      type: typeof when === "number" ? "delayed" : "scheduled",
      time: timeOf(task, nowMs),
      delayInSeconds: typeof when === "number" ? when : null,
    };
    this.#insert(row);
    return toSchedule<Payload>(row);
  }

  /** The task of an id. */
  get<Payload>(taskId: string): Schedule<Payload> | undefined {
    const [row] = this.#select("WHERE id = ?", taskId);
    return row === undefined ? undefined : toSchedule<Payload>(row);
  }

  /** The tasks that call one method, the next one first. */
  list<Payload>(callback: string): Schedule<Payload>[] {
    return this.#select("WHERE callback = ? ORDER BY time", callback).map((row) =>
      toSchedule<Payload>(row),
    );
  }

  /** Removes the tasks that call one method. */
  deleteAll(callback: string): void {
    this.#delete("callback", callback);
  }

  /**
   * Runs every task that is due, side by side: none waits for another, not even for one that never
   * returns. One that throws, or whose method is gone since a deploy, is removed all the same: it
   * must not wake the object for ever. A task that was cut short runs again.
   *
   * @param onSettled told of each task when it has ended, and of its error if it had one
   */
  async runDue(nowMs: number, onSettled: (error: unknown) => void): Promise<void> {
    if (this.#nextDueAtMs === undefined || this.#nextDueAtMs > nowMs) return;
    const due = this.#select("WHERE time <= ? ORDER BY time", nowMs / 1_000).filter(
      ({ id }) => !this.#running.has(id),
    );
    for (const { id } of due) this.#running.add(id);
    this.#readNextDue();
    await Promise.all(due.map((row) => this.#settle(row, onSettled)));
  }

  async #settle(row: Row, onSettled: (error: unknown) => void): Promise<void> {
    const error = await this.#run(row).then(
      () => undefined,
      (thrown: unknown) => thrown ?? new Error(`Task ${row.callback} failed without an error`),
    );
    this.#running.delete(row.id);
    this.#delete("id", row.id);
    onSettled(error);
  }

  async #run(row: Row): Promise<void> {
    const callback = this.#findCallback(row.callback);
    if (callback === undefined) {
      throw new ContainerError(
        "INVALID_CONFIG",
        `Cannot run task ${row.id}: the class has no method "${row.callback}" any more; the task is removed`,
      );
    }
    const schedule = toSchedule<unknown>(row);
    await callback(schedule.payload, schedule);
  }

  #delete(column: "id" | "callback", value: string): void {
    if (this.#hasTable()) {
      this.#storage.sql.exec(`DELETE FROM container_schedules WHERE ${column} = ?`, value);
    }
    this.#readNextDue();
  }

  /** An object without tasks has no table; and its user may empty the storage at any time. */
  #hasTable(): boolean {
    const query = "SELECT 1 FROM sqlite_master WHERE name = 'container_schedules'";
    return this.#storage.sql.exec(query).toArray().length > 0;
  }

  #insert(row: Row): void {
    this.#storage.sql.exec(`CREATE TABLE IF NOT EXISTS container_schedules (
      id TEXT PRIMARY KEY NOT NULL DEFAULT (randomblob(9)),
      callback TEXT NOT NULL,
      payload TEXT,
      type TEXT NOT NULL CHECK(type IN ('scheduled', 'delayed')),
      time INTEGER NOT NULL,
      delayInSeconds INTEGER,
      created_at INTEGER DEFAULT (unixepoch())
    )`);
    this.#storage.sql.exec(
      "INSERT INTO container_schedules (id, callback, payload, type, time, delayInSeconds) VALUES (?, ?, ?, ?, ?, ?)",
      row.id,
      row.callback,
      row.payload,
      row.type,
      row.time,
      row.delayInSeconds,
    );
    this.#readNextDue();
  }

  #select(clause: string, value: string | number): Row[] {
    if (!this.#hasTable()) return [];
    const query = `SELECT id, callback, payload, type, time, delayInSeconds FROM container_schedules ${clause}`;
    return this.#storage.sql.exec<Row>(query, value).toArray();
  }

  #readNextDue(): void {
    this.#nextDueAtMs = undefined;
    if (!this.#hasTable()) return;
    const query = "SELECT id, time FROM container_schedules ORDER BY time LIMIT ?";
    const rows = this.#storage.sql.exec<{ id: string; time: number }>(
      query,
      this.#running.size + 1,
    );
    const next = rows.toArray().find(({ id }) => !this.#running.has(id));
    if (next !== undefined) this.#nextDueAtMs = Math.ceil(next.time * 1_000);
  }
}

function timeOf({ when, callback }: NewTask<unknown>, nowMs: number): number {
  const delayMs = typeof when === "number" && when >= 0 ? when * 1_000 : NaN;
  const atMs = when instanceof Date ? when.getTime() : nowMs + delayMs;
  if (Number.isFinite(atMs)) return atMs / 1_000;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot schedule "${callback}": ${String(when)} is not a time; use a Date or a delay of 0 or more seconds`,
  );
}

function payloadText({ callback, payload }: NewTask<unknown>): string | null {
  if (payload === undefined) return null;
  try {
    return JSON.stringify(payload);
  } catch (cause) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot schedule "${callback}": its payload does not survive JSON; pass plain data`,
      { cause },
    );
  }
}

function toSchedule<Payload>(row: Row): Schedule<Payload> {
  const base = {
    taskId: row.id,
    callback: row.callback,
    payload: (row.payload === null ? undefined : JSON.parse(row.payload)) as Payload,
    time: row.time,
  };
  if (row.type === "scheduled") return { ...base, type: "scheduled" };
  return { ...base, type: "delayed", delayInSeconds: row.delayInSeconds ?? 0 };
}
