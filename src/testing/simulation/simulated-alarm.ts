import type { QueuedEvent } from "./event-queue.ts";
import type { ObjectAlarm } from "./object-storage.ts";
import type { World } from "./world.ts";

/** What the platform tells an alarm's handler. */
export interface AlarmInfo {
  readonly retryCount: number;
  readonly isRetry: boolean;
  readonly scheduledTime: number;
}

/** A handler that throws is called again so often, after 2 s, doubled each time. */
const MAX_RETRIES = 6;
const RETRY_MS = 2_000;

/** How the next alarm is led astray. */
export type AlarmFault =
  | { readonly kind: "delayed"; readonly delayMs: number }
  | { readonly kind: "lost" }
  | { readonly kind: "twice" };

/** The one alarm of an object: at least once, never twice at the same time. */
export class SimulatedAlarm implements ObjectAlarm {
  atMs: number | null = null;
  readonly #world: World;
  readonly #ring: (info: AlarmInfo) => Promise<unknown>;
  #event: QueuedEvent | undefined;
  #isRinging = false;
  #faults: AlarmFault[] = [];

  constructor(world: World, { ring }: { readonly ring: (info: AlarmInfo) => Promise<unknown> }) {
    this.#world = world;
    this.#ring = ring;
  }

  /** Leads the next alarm astray. */
  inject(fault: AlarmFault): void {
    this.#faults.push(fault);
  }

  /** Lets alarms come as they should from now on. */
  heal(): void {
    this.#faults = [];
  }

  /** Comes by the clock as it is now: it was set. */
  rearm(): void {
    this.set(this.atMs);
  }

  set(atMs: number | null): void {
    this.atMs = atMs;
    if (this.#event !== undefined) this.#event.isCancelled = true;
    this.#event = undefined;
    if (atMs !== null) this.#event = this.#world.scheduler.at(atMs, () => this.#onDue());
  }

  #onDue(): void {
    if (this.#isRinging) return; // looked at again when the handler has returned
    const fault = this.#faults.shift();
    if (fault?.kind === "lost") return;
    if (fault?.kind === "delayed") {
      const { scheduler, nowMs } = this.#world;
      this.#event = scheduler.at(nowMs + fault.delayMs, () => this.#onDue());
      return;
    }
    const scheduledTime = this.atMs ?? this.#world.nowMs;
    this.atMs = null;
    if (fault?.kind === "twice") {
      this.#world.scheduler.at(this.#world.nowMs + 1, () => void this.#attempt(0, scheduledTime));
    }
    void this.#attempt(0, scheduledTime);
  }

  async #attempt(retryCount: number, scheduledTime: number): Promise<void> {
    this.#isRinging = true;
    try {
      await this.#ring({ retryCount, isRetry: retryCount > 0, scheduledTime });
    } catch {
      this.#retry(retryCount, scheduledTime);
    } finally {
      this.#isRinging = false;
      if (this.atMs !== null && this.atMs <= this.#world.nowMs) this.set(this.atMs);
    }
  }

  #retry(retryCount: number, scheduledTime: number): void {
    if (this.atMs !== null || retryCount >= MAX_RETRIES) return;
    const { scheduler, nowMs } = this.#world;
    const again = (): void => void this.#attempt(retryCount + 1, scheduledTime);
    this.#event = scheduler.at(nowMs + RETRY_MS * 2 ** retryCount, again);
  }
}
