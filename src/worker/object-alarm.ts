import { alarmTime } from "../core/lifecycle/alarm-time.ts";
import { toContainerError } from "../errors/from-runtime.ts";
import type { ObjectStorage } from "../ports/platform.ts";

/** What an alarm is to be set by. */
export interface AlarmWish {
  /** When it is set for now; null when it is not. */
  readonly armedAtMs: number | null;
  /** When it is needed; undefined when it is not. */
  readonly dueAtMs: number | undefined;
  readonly nowMs: number;
}

/** The one alarm of an object. */
export class ObjectAlarm {
  readonly #storage: ObjectStorage;
  readonly #report: (error: unknown) => void;

  constructor(storage: ObjectStorage, report: (error: unknown) => void) {
    this.#storage = storage;
    this.#report = report;
  }

  /** Sets, deletes or keeps the alarm, and returns when it will come. Never waits. */
  arm(wish: AlarmWish): number | null {
    const atMs = alarmTime(wish.armedAtMs, wish.dueAtMs, wish.nowMs);
    if (atMs === wish.armedAtMs) return atMs;
    const work = atMs === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(atMs);
    work.catch((error: unknown) => this.#report(toContainerError(error, "set the alarm")));
    return atMs;
  }
}
