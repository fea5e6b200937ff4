import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";
import type { ObjectStorage } from "../ports/platform.ts";
import type { Schedule } from "./container-types.ts";

// The table of @cloudflare/containers 0.3.7, so that its pending tasks survive the change of
// package, and ours the change back. Times are seconds; ours keep their fraction.
const TABLE = "container_schedules";

/** One task in the table, its columns in the order in which they are written. */
type Row = {
  id: string;
  callback: string;
  payload: string | null;
  type: "scheduled" | "delayed";
  time: number;
  delayInSeconds: number | null;
};
const COLUMNS = "id, callback, payload, type, time, delayInSeconds";

/** A task to be scheduled. */
export interface NewTask<Payload> {
  /** A date, or a delay in seconds. */
  readonly when: Date | number;
  /** Name of the method. */
  readonly callback: string;
  /** Handed to the method, through JSON. */
  readonly payload: Payload;
}

/** The tasks of one object, kept in its SQLite database. */
export class ScheduleTable {
  readonly #storage: ObjectStorage;
  readonly #object: object;
  readonly #running = new Set<string>();

  /** @param object what has the methods that tasks name */
  constructor(storage: ObjectStorage, object: object) {
    this.#storage = storage;
    this.#object = object;
  }

  /** When the next task is due, in milliseconds since the epoch. */
  nextDueAtMs(): number | undefined {
    const rows = this.#query("SELECT *", "ORDER BY time LIMIT ?", this.#running.size + 1);
    const next = rows.find(({ id }) => !this.#running.has(id));
    return next && Math.ceil(next.time * 1_000);
  }

  /**
   * Adds a task.
   *
   * @throws {ContainerError} `INVALID_ARGUMENT` when the time, the callback or the payload is not
   * usable
   */
  add<Payload>(task: NewTask<Payload>, nowMs: number): Schedule<Payload> {
    const { callback } = task;
    this.#method(callback, "INVALID_ARGUMENT");
    const row: Row = {
      id: crypto.randomUUID(),
      callback,
      payload: payloadText(task),
      ...timing(task, nowMs),
    };
    const { sql } = this.#storage;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${TABLE} (${COLUMNS})`);
    sql.exec(`INSERT INTO ${TABLE} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, ...Object.values(row));
    return toSchedule<Payload>(row);
  }

  /** The task of an id. */
  get<Payload>(taskId: string): Schedule<Payload> | undefined {
    const [row] = this.#query("SELECT *", "WHERE id = ?", taskId);
    return row && toSchedule<Payload>(row);
  }

  /** The tasks that call one method, the next one first. */
  list<Payload>(callback: string): Schedule<Payload>[] {
    return this.#query("SELECT *", "WHERE callback = ? ORDER BY time", callback).map(
      toSchedule<Payload>,
    );
  }

  /** Removes the tasks that call one method. */
  deleteAll(callback: string): void {
    this.#query("DELETE", "WHERE callback = ?", callback);
  }

  /**
   * Runs every task that is due, side by side: none waits for another, not even for one that never
   * returns. One that throws, or whose method is gone since a deploy, is removed all the same: it
   * must not wake the object for ever. A task that was cut short runs again.
   *
   * @param onSettled told how each task ended
   */
  async runDue(
    nowMs: number,
    onSettled: (result: PromiseSettledResult<void>) => void,
  ): Promise<void> {
    const rows = this.#query("SELECT *", "WHERE time <= ? ORDER BY time", nowMs / 1_000);
    const due = rows.filter(({ id }) => !this.#running.has(id));
    for (const { id } of due) this.#running.add(id);
    await Promise.all(
      due.map(async (row) => {
        const [result] = await Promise.allSettled([this.#run(row)]);
        this.#running.delete(row.id);
        this.#query("DELETE", "WHERE id = ?", row.id);
        onSettled(result);
      }),
    );
  }

  async #run(row: Row): Promise<void> {
    const schedule = toSchedule<unknown>(row);
    const method = this.#method(row.callback, "INVALID_CONFIG");
    await method(schedule.payload, schedule);
  }

  #method(
    name: string,
    code: "INVALID_ARGUMENT" | "INVALID_CONFIG",
  ): (...args: unknown[]) => unknown {
    const method: unknown = Reflect.get(this.#object, name);
    if (typeof method === "function") {
      return (...args) => Reflect.apply(method, this.#object, args) as unknown;
    }
    throw new ContainerError(
      code,
      `Cannot run a task: the class has no method ${shown(name)}; pass the name of one`,
    );
  }

  /** An object without tasks has no table; and its user may empty the storage at any time. */
  #query(verb: "SELECT *" | "DELETE", clause: string, value: string | number): Row[] {
    const { sql } = this.#storage;
    const tables = sql.exec(`SELECT 1 FROM sqlite_master WHERE name = '${TABLE}'`);
    if (tables.toArray().length === 0) return [];
    return sql.exec<Row>(`${verb} FROM ${TABLE} ${clause}`, value).toArray();
  }
}

function timing(
  { when, callback }: NewTask<unknown>,
  nowMs: number,
): Pick<Row, "type" | "time" | "delayInSeconds"> {
  if (when instanceof Date) {
    const time = when.getTime() / 1_000;
    if (!Number.isNaN(time)) return { type: "scheduled", time, delayInSeconds: null };
  } else if (Number.isFinite(when) && when >= 0) {
    return { type: "delayed", time: nowMs / 1_000 + when, delayInSeconds: when };
  }
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot schedule ${callback}: ${shown(when)} is not a time; use a Date or a delay of 0 or more seconds`,
  );
}

function payloadText({ callback, payload }: NewTask<unknown>): string | null {
  try {
    return JSON.stringify(payload) ?? null;
  } catch (cause) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot schedule ${callback}: its payload does not survive JSON; pass plain data`,
      { cause },
    );
  }
}

function toSchedule<Payload>(row: Row): Schedule<Payload> {
  const { id: taskId, callback, type, time } = row;
  const payload = (row.payload === null ? undefined : JSON.parse(row.payload)) as Payload;
  const base = { taskId, callback, payload, time };
  if (type === "scheduled") return { ...base, type };
  return { ...base, type, delayInSeconds: row.delayInSeconds ?? 0 };
}
