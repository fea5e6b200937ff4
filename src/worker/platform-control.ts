import { lifeFloorMs } from "../core/activity.ts";
import { alarmTime } from "../core/lifecycle/alarm-time.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import { toContainerError } from "../errors/from-runtime.ts";
import type { Platform } from "../ports/platform.ts";

/** Tells the platform what to do. Nothing waits for it; what fails is reported, never thrown. */
export class PlatformControl {
  readonly #platform: Platform;
  readonly #report: (error: unknown) => void;

  constructor(platform: Platform, report: (error: unknown) => void) {
    this.#platform = platform;
    this.#report = report;
  }

  /** A container that ended a moment ago takes no signal; its end is told by who watches it. */
  signal(signal: number): void {
    const { runtime } = this.#platform;
    if (runtime.running) this.#attempt(`send signal ${signal}`, () => runtime.signal(signal));
  }

  /** Ends the container at once. */
  destroy(): void {
    this.#attempt("destroy the container", () => this.#platform.runtime.destroy());
  }

  /**
   * Raises the floor under the container's life while the object is out of memory. A runtime
   * without it ends the container with the object, so there the object is kept by `untilEnd`.
   */
  extendLife(policy: Policy, untilEnd: () => Promise<void>): void {
    const { runtime } = this.#platform;
    if (!runtime.running) return; // the start was refused on the spot
    if (typeof runtime.setInactivityTimeout !== "function") {
      this.#platform.keepAlive(untilEnd());
      return;
    }
    const floorMs = lifeFloorMs(policy.sleepAfterMs, policy.stopGraceMs);
    this.#attempt("extend its life", () => runtime.setInactivityTimeout(floorMs));
  }

  /** Sets, deletes or keeps the one alarm of the object, and returns when it will come. */
  arm(armedAtMs: number | null, dueAtMs: number | undefined): number | null {
    const { storage, clock } = this.#platform;
    const atMs = alarmTime(armedAtMs, dueAtMs, clock.now());
    if (atMs !== armedAtMs) {
      this.#attempt("set the alarm", () =>
        atMs === null ? storage.deleteAlarm() : storage.setAlarm(atMs),
      );
    }
    return atMs;
  }

  #attempt(action: string, work: () => unknown): void {
    const failed = (error: unknown): void => this.#report(toContainerError(error, action));
    new Promise((resolve) => resolve(work())).catch(failed);
  }
}
