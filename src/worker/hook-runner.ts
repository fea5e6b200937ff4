import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { Host } from "./host.ts";

/** What came of a hook; `stuck` when it was called before and has not returned yet. */
export type HookOutcome = "handled" | "failed" | "stuck";

/**
 * Calls a user's hooks. What a hook throws is reported and never stands in anybody's way; while one
 * runs the object is kept in memory.
 */
export class HookRunner {
  readonly #host: Host;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  readonly #underWay = new Set<string>();
  #starting: Promise<unknown> = Promise.resolve();

  constructor(host: Host, keepAlive: (work: Promise<unknown>) => void) {
    this.#host = host;
    this.#keepAlive = keepAlive;
  }

  /** Resolves when the `onStart` under way has returned. */
  get starting(): Promise<unknown> {
    return this.#starting;
  }

  onStart(run: number): void {
    this.#starting = this.#call(`onStart ${run}`, () => this.#host.object.onStart());
  }

  /** Calls `onStop` for one record. */
  onStop(record: StopRecord): Promise<HookOutcome> {
    const reason = record.cause === "exit" ? "exit" : "runtime_signal";
    const hook = (): unknown => this.#host.object.onStop({ ...record, reason });
    return this.#call(`onStop ${record.runId}`, hook);
  }

  /** Calls `onActivityExpired` for one run. */
  onActivityExpired(run: number): Promise<HookOutcome> {
    const hook = (): unknown => this.#host.object.onActivityExpired();
    return this.#call(`onActivityExpired ${run}`, hook);
  }

  /** Calls `onAlarm`. */
  onAlarm(): void {
    void this.#call("onAlarm", () => this.#host.object.onAlarm());
  }

  #call(key: string, hook: () => unknown): Promise<HookOutcome> {
    if (this.#underWay.has(key)) return Promise.resolve("stuck");
    this.#underWay.add(key);
    const work = this.#attempt(hook).finally(() => this.#underWay.delete(key));
    this.#keepAlive(work);
    return work;
  }

  async #attempt(hook: () => unknown): Promise<HookOutcome> {
    try {
      await Promise.resolve(); // a hook may call the object back: never from inside a transition
      await hook();
      return "handled";
    } catch (error) {
      this.#host.report(error);
      return "failed";
    }
  }
}
