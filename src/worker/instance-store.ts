import { alarmTime } from "../core/lifecycle/alarm-time.ts";
import {
  fromRunRecord,
  RUN_RECORD_KEY,
  toRunRecord,
  type Instance,
  type RunRecord,
} from "../core/lifecycle/run-record.ts";
import type { Platform } from "../ports/platform.ts";
import type { PlatformControl } from "./platform-control.ts";

/** What is persisted of one instance, and its one alarm. */
export class InstanceStore {
  readonly #platform: Platform;
  readonly #control: PlatformControl;
  #instance: Instance;

  constructor(platform: Platform, control: PlatformControl) {
    this.#platform = platform;
    this.#control = control;
    const record = platform.storage.kv.get<RunRecord>(RUN_RECORD_KEY);
    const instance = fromRunRecord(record, platform.clock.now());
    // Written with whatever is written next: a wake-up alone is not worth a write.
    this.#instance = { ...instance, wakeUps: instance.wakeUps + 1 };
  }

  /** The instance as it was last kept. */
  get current(): Instance {
    return this.#instance;
  }

  /**
   * Writes the instance down and sets the alarm. Never waits. Where the write fails nothing has
   * changed, in memory neither, and the caller is told.
   */
  keep(changes: Partial<Instance>, dueAtMs: number | undefined): void {
    const { clock } = this.#platform;
    const before = this.#instance;
    const alarmAtMs = alarmTime(before.alarmAtMs, dueAtMs, clock.now());
    this.#write({ ...before, ...changes, alarmAtMs });
  }

  /** Sets the alarm for just then, or deletes it. */
  rearm(dueAtMs: number | undefined): void {
    this.#write({ ...this.#instance, alarmAtMs: dueAtMs ?? null });
  }

  #write(after: Instance): void {
    const before = this.#instance;
    if (!isSame(before, after)) {
      this.#platform.storage.kv.put(RUN_RECORD_KEY, toRunRecord(after));
    }
    this.#instance = after;
    if (after.alarmAtMs !== before.alarmAtMs) this.#control.setAlarm(after.alarmAtMs);
  }

  /** Notes that the alarm has come, so that none is set. Returns when it should have come. */
  takeAlarm(): number | null {
    const { alarmAtMs } = this.#instance;
    this.#instance = { ...this.#instance, alarmAtMs: null };
    return alarmAtMs;
  }

  /** Has the alarm come at `atMs` at the latest. */
  wakeBy(atMs: number): void {
    const { alarmAtMs } = this.#instance;
    this.keep({}, alarmAtMs === null ? atMs : Math.min(alarmAtMs, atMs));
  }
}

const WRITTEN = [
  "lifecycle",
  "alarmAtMs",
  "lastActivityMs",
  "holds",
  "userAlarmAtMs",
  "userAlarmTries",
] as const;

/** The busy time alone moves with every request; it is written with what matters. */
function isSame(before: Instance, after: Instance): boolean {
  return WRITTEN.every((key) => before[key] === after[key]);
}
