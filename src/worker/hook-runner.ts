import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { Platform } from "../ports/platform.ts";
import type { Host } from "./host.ts";

/** What came of a hook; `stuck` when it was called before and has not returned yet. */
export type HookOutcome = "handled" | "failed" | "stuck";

/** What hooks are called with. */
export type HookGround = Pick<Platform, "keepAlive" | "storage">;

/**
 * Calls a user's hooks. What a hook throws is reported and never stands in anybody's way; while one
 * runs the object is kept in memory.
 */
export class HookRunner {
  readonly #host: Host;
  readonly #platform: HookGround;
  readonly #underWay = new Set<string>();
  #starting: Promise<unknown> = Promise.resolve();

  constructor(host: Host, platform: HookGround) {
    this.#host = host;
    this.#platform = platform;
  }

  /** Resolves when the `onStart` under way has returned. */
  get starting(): Promise<unknown> {
    return this.#starting;
  }

  onStart(run: number): void {
    this.#starting = this.#call(`onStart ${run}`, async () => {
      await Promise.resolve(); // a hook may call the object back: never from inside a transition
      await this.#host.object.onStart();
    });
  }

  /** Calls `onStop` for one record. */
  onStop(record: StopRecord): Promise<HookOutcome> {
    const reason = record.cause === "exit" ? "exit" : "runtime_signal";
    const hook = (): unknown => this.#host.object.onStop({ ...record, reason });
    return this.#callConfirmed(`onStop ${record.runId}`, hook);
  }

  /** Calls `onActivityExpired` for one run. */
  onActivityExpired(run: number): Promise<HookOutcome> {
    const hook = (): unknown => this.#host.object.onActivityExpired();
    return this.#callConfirmed(`onActivityExpired ${run}`, hook);
  }

  /** Calls `onAlarm`. */
  onAlarm(): Promise<HookOutcome> {
    return this.#callConfirmed("onAlarm", () => this.#host.object.onAlarm());
  }

  /** Calls `onBeforeSnapshot`. */
  onBeforeSnapshot(): Promise<HookOutcome> {
    return this.#call("onBeforeSnapshot", () => this.#host.object.onBeforeSnapshot());
  }

  /** Called once it is on disk that it is: a hook that ends its object in its first turn counts. */
  #callConfirmed(key: string, hook: () => unknown): Promise<HookOutcome> {
    return this.#call(key, async () => {
      await this.#platform.storage.sync();
      await hook();
    });
  }

  #call(key: string, hook: () => unknown): Promise<HookOutcome> {
    if (this.#underWay.has(key)) return Promise.resolve("stuck");
    this.#underWay.add(key);
    const work = this.#attempt(hook).finally(() => this.#underWay.delete(key));
    this.#platform.keepAlive(work);
    return work;
  }

  async #attempt(hook: () => unknown): Promise<HookOutcome> {
    try {
      await hook();
      return "handled";
    } catch (error) {
      this.#host.report(error);
      return "failed";
    }
  }
}
