import { lifeFloorMs } from "../core/activity.ts";
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
   *
   * @param untilMs the last moment at which something may still need the container
   */
  extendLife(policy: Policy, untilMs: number, untilEnd: () => Promise<void>): void {
    const { runtime, clock } = this.#platform;
    if (!runtime.running) return; // the start was refused on the spot
    if (typeof runtime.setInactivityTimeout !== "function") {
      this.#platform.keepAlive(untilEnd());
      return;
    }
    const floorMs = lifeFloorMs(policy) + Math.max(0, untilMs - clock.now());
    this.#attempt("extend its life", () => runtime.setInactivityTimeout(floorMs));
  }

  /** Sets or deletes the one alarm of the object. */
  setAlarm(atMs: number | null): void {
    const { storage } = this.#platform;
    this.#attempt("set the alarm", () =>
      atMs === null ? storage.deleteAlarm() : storage.setAlarm(atMs),
    );
  }

  #attempt(action: string, work: () => unknown): void {
    const failed = (error: unknown): void => this.#report(toContainerError(error, action));
    new Promise((resolve) => resolve(work())).catch(failed);
  }
}
