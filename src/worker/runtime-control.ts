import { lifeFloorMs } from "../core/activity.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import { toContainerError } from "../errors/from-runtime.ts";
import type { Platform } from "../ports/platform.ts";

/** Tells the runtime what to do with a container that runs. What fails is reported, never thrown. */
export class RuntimeControl {
  readonly #platform: Platform;
  readonly #report: (error: unknown) => void;

  constructor(platform: Platform, report: (error: unknown) => void) {
    this.#platform = platform;
    this.#report = report;
  }

  /** A container that ended a moment ago takes no signal; its end is told by who watches it. */
  signal(signal: number): void {
    const { runtime } = this.#platform;
    if (!runtime.running) return;
    try {
      runtime.signal(signal);
    } catch (error) {
      this.#report(toContainerError(error, `send signal ${signal}`));
    }
  }

  /** Ends the container at once. */
  destroy(): void {
    this.#unawaited(this.#platform.runtime.destroy());
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
    this.#unawaited(runtime.setInactivityTimeout(floorMs));
  }

  #unawaited(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#report(toContainerError(error, "reach the runtime")));
  }
}
