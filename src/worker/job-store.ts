import type { JobRecord } from "../core/jobs/job.ts";
import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { ObjectStorage } from "../ports/platform.ts";

const TABLE = "berth_jobs";

/** How long a result is kept. */
const KEPT_MS = 24 * 3_600_000;

/** How many jobs are kept, the last ones. */
const MAX_JOBS = 100;

type Row = { key: string; job: string };

/** The jobs of one object that have a key, in its SQLite database. */
export class JobStore {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  get(key: string, nowMs: number): JobRecord | undefined {
    if (!this.#exists()) return undefined;
    const { sql } = this.#storage;
    const query = `SELECT key, job FROM ${TABLE} WHERE key = ? AND atMs > ?`;
    const [row] = sql.exec<Row>(query, key, nowMs - KEPT_MS).toArray();
    return row === undefined ? undefined : recordOf(row);
  }

  /** Writes a job down, and forgets those that are too old or too many. Never waits. */
  put(key: string, job: JobRecord, nowMs: number): void {
    const { sql } = this.#storage;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${TABLE} (key TEXT PRIMARY KEY, atMs REAL, job TEXT)`);
    sql.exec(`DELETE FROM ${TABLE} WHERE key = ? OR atMs <= ?`, key, nowMs - KEPT_MS);
    sql.exec(`INSERT INTO ${TABLE} VALUES (?, ?, ?)`, key, nowMs, JSON.stringify(job));
    const last = `SELECT key FROM ${TABLE} ORDER BY atMs DESC, rowid DESC LIMIT ${MAX_JOBS}`;
    sql.exec(`DELETE FROM ${TABLE} WHERE key NOT IN (${last})`);
  }

  delete(key: string): void {
    if (this.#exists()) this.#storage.sql.exec(`DELETE FROM ${TABLE} WHERE key = ?`, key);
  }

  /** Notes how a run ended, for the job that it was: whoever asks for that may come much later. */
  noteStop(stop: StopRecord, nowMs: number): void {
    if (!this.#exists()) return;
    for (const row of this.#storage.sql.exec<Row>(`SELECT key, job FROM ${TABLE}`).toArray()) {
      const job = recordOf(row);
      if (job.kind !== "running" || job.command !== "" || job.runId !== stop.runId) continue;
      this.put(row.key, { ...job, stop }, nowMs);
    }
  }

  #exists(): boolean {
    const query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
    return this.#storage.sql.exec(query, TABLE).toArray().length > 0;
  }
}

function recordOf({ job }: Row): JobRecord {
  return JSON.parse(job) as JobRecord; // what put() wrote
}
