import { DEFAULT_RETRY, DEFAULT_TIMEOUT_MS, type Task } from "../../core/schedule/task.ts";
import type { ObjectStorage } from "../../ports/platform.ts";

// The table of @cloudflare/containers 0.3.7: a task that is to run once waits there, so that either
// package finds the other's. What it cannot hold, and what is under way, is in a table of ours.
const PEER_TABLE = "container_schedules";
const PEER_COLUMNS = "id, callback, payload, type, time, delayInSeconds";
const TABLE = "berth_tasks";

type PeerRow = {
  id: string;
  callback: string;
  payload: string | null;
  type: "scheduled" | "delayed";
  time: number;
  delayInSeconds: number | null;
};

type OwnRow = { id: string; dueAtMs: number; state: TaskState; task: string };

/** Whether a task waits for its turn, or was given up. */
export type TaskState = "live" | "dead";

/** The tasks of one object in its SQLite database. */
export class TaskStore {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Every task of a state, the next one first. */
  list(state: TaskState): Task[] {
    const own = this.#query<OwnRow>(TABLE, "WHERE state = ? ORDER BY dueAtMs", state).map(toTask);
    if (state === "dead") return own;
    return [...this.#peerTasks(), ...own].toSorted((a, b) => a.dueAtMs - b.dueAtMs);
  }

  get(id: string): Task | undefined {
    const [own] = this.#query<OwnRow>(TABLE, "WHERE id = ?", id);
    return own ? toTask(own) : this.#peerTasks().find((task) => task.id === id);
  }

  /** Writes a task down. One that was never tried and runs once is written where the peer looks. */
  put(task: Task, state: TaskState = "live"): void {
    this.delete(task.id);
    if (state === "live" && isPeers(task)) this.#putPeer(task);
    else this.#putOwn(task, state);
  }

  /** Removes a task. Returns whether there was one. */
  delete(id: string): boolean {
    const removed = [TABLE, PEER_TABLE].filter((table) => {
      const had = this.#query(table, "WHERE id = ?", id).length > 0;
      if (had) this.#storage.sql.exec(`DELETE FROM ${table} WHERE id = ?`, id);
      return had;
    });
    return removed.length > 0;
  }

  #peerTasks(): Task[] {
    return this.#query<PeerRow>(PEER_TABLE, "ORDER BY time").map(fromPeer);
  }

  #putPeer({ id, callback, payload, spec, slotMs }: Task): void {
    const delayMs = spec.kind === "once" ? spec.delayMs : undefined;
    const type = delayMs === undefined ? "scheduled" : "delayed";
    const delayInSeconds = delayMs === undefined ? null : delayMs / 1_000;
    const { sql } = this.#storage;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${PEER_TABLE} (${PEER_COLUMNS})`);
    sql.exec(
      `INSERT INTO ${PEER_TABLE} (${PEER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`,
      ...[id, callback, payload, type, slotMs / 1_000, delayInSeconds],
    );
  }

  #putOwn(task: Task, state: TaskState): void {
    const { sql } = this.#storage;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${TABLE} (id PRIMARY KEY, dueAtMs, state, task)`);
    sql.exec(
      `INSERT INTO ${TABLE} (id, dueAtMs, state, task) VALUES (?, ?, ?, ?)`,
      ...[task.id, task.dueAtMs, state, JSON.stringify(task)],
    );
  }

  /** An object without tasks has no table; and its user may empty the storage at any time. */
  #query<Row extends Record<string, SqlStorageValue>>(
    table: string,
    clause: string,
    ...values: readonly string[]
  ): Row[] {
    const { sql } = this.#storage;
    const tables = sql.exec(`SELECT 1 FROM sqlite_master WHERE name = '${table}'`);
    if (tables.toArray().length === 0) return [];
    return sql.exec<Row>(`SELECT * FROM ${table} ${clause}`, ...values).toArray();
  }
}

/** Whether the peer would understand a task as it stands. */
function isPeers(task: Task): boolean {
  const { spec, attempts, retry, timeoutMs } = task;
  const isPlain = retry === DEFAULT_RETRY && timeoutMs === DEFAULT_TIMEOUT_MS;
  return spec.kind === "once" && attempts === 0 && isPlain;
}

function fromPeer({ id, callback, payload, type, time, delayInSeconds }: PeerRow): Task {
  const slotMs = Math.ceil(time * 1_000);
  const delayMs = type === "delayed" ? { delayMs: (delayInSeconds ?? 0) * 1_000 } : undefined;
  return {
    id,
    callback,
    payload,
    spec: { kind: "once", ...delayMs },
    slotMs,
    dueAtMs: slotMs,
    attempts: 0,
    retry: DEFAULT_RETRY,
    missed: "once",
    timeoutMs: DEFAULT_TIMEOUT_MS,
  };
}

function toTask({ task }: OwnRow): Task {
  return JSON.parse(task) as Task;
}
