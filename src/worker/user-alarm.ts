import { backoffMs } from "../core/backoff.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Supervisor } from "./supervisor.ts";

/** As often as the platform itself calls an `alarm()` that throws: once, and six times more. */
const MAX_TRIES = 7;
/** The first pause of the platform's, doubled each time. */
const PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 64_000;
/** A try that its object's end cut short is repeated after so long. */
const LEASE_MS = 60_000;

/** What the alarm is kept and called with. */
export interface UserAlarmParts {
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/**
 * The alarm of the class's own, behind the one that the object has. Like the platform's it comes at
 * least once: again while `onAlarm()` throws, with a bound, and when its object died under it.
 */
export class UserAlarm {
  readonly #parts: UserAlarmParts;
  #isRinging = false;
  #isWaiting = false;

  constructor(parts: UserAlarmParts) {
    this.#parts = parts;
  }

  /** When it is due, in milliseconds since the epoch; `null` when none is set, or while it rings. */
  get atMs(): number | null {
    const { userAlarmAtMs, userAlarmTries } = this.#parts.supervisor.instance;
    return userAlarmTries > 0 ? null : userAlarmAtMs;
  }

  /** Sets it, in place of the one that there is; `null` takes it back. */
  set(atMs: number | null): void {
    this.#keep(atMs, 0);
  }

  /** Rings if it is due. Never waits. */
  ringIfDue(): void {
    const nowMs = this.#parts.clock.now();
    const { userAlarmAtMs, userAlarmTries } = this.#parts.supervisor.instance;
    if (userAlarmAtMs === null || userAlarmAtMs > nowMs) return;
    if (this.#isRinging) {
      this.#isWaiting = userAlarmTries === 0; // set anew by the hook: it comes after that
      return this.#keep(nowMs + LEASE_MS, userAlarmTries);
    }
    if (userAlarmTries >= MAX_TRIES) return this.#giveUp();
    this.#keep(nowMs + LEASE_MS, userAlarmTries + 1);
    this.#ring(userAlarmTries + 1).catch(this.#parts.report); // where its object is gone
  }

  async #ring(tries: number): Promise<void> {
    this.#isRinging = true;
    const outcome = await this.#parts.supervisor.callAlarmHook();
    this.#isRinging = false;
    const isSetAnew = this.#parts.supervisor.instance.userAlarmTries !== tries;
    if (isSetAnew) this.#ringWhatWaits();
    else if (outcome === "handled") this.#keep(null, 0);
    else if (tries >= MAX_TRIES) this.#giveUp();
    else this.#keep(this.#parts.clock.now() + backoffMs(tries, PAUSE_MS, MAX_PAUSE_MS), tries);
  }

  #ringWhatWaits(): void {
    if (this.#isWaiting) this.#keep(this.#parts.clock.now(), 0);
    this.#isWaiting = false;
  }

  #giveUp(): void {
    this.#keep(null, 0);
    this.#parts.report(
      new ContainerError(
        "HOOK_FAILED",
        `Cannot ring the alarm of setAlarm(): onAlarm() failed, or its object ended, ${MAX_TRIES} times; set another`,
      ),
    );
  }

  #keep(userAlarmAtMs: number | null, userAlarmTries: number): void {
    this.#parts.supervisor.keep({ userAlarmAtMs, userAlarmTries });
    this.#parts.supervisor.rearm();
  }
}
