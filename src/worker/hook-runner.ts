import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { Host } from "./host.ts";

type Outcome = "handled" | "failed";

/**
 * Calls a user's hooks. What a hook throws is reported and never stands in anybody's way; while one
 * runs the object is kept in memory.
 */
export class HookRunner {
  readonly #host: Host;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  readonly #underWay = new Set<string>();
  #starting: Promise<void> = Promise.resolve();

  constructor(host: Host, keepAlive: (work: Promise<unknown>) => void) {
    this.#host = host;
    this.#keepAlive = keepAlive;
  }

  /** Resolves when the `onStart` under way has returned. */
  get starting(): Promise<void> {
    return this.#starting;
  }

  onStart(run: number): void {
    this.#starting = this.#call(`onStart ${run}`, () => this.#host.object.onStart());
  }

  /** Calls `onStop` for one record unless that call is under way already. */
  onStop(record: StopRecord, onSettled: (outcome: Outcome) => void): void {
    const reason = record.cause === "exit" ? "exit" : "runtime_signal";
    const hook = (): unknown => this.#host.object.onStop({ ...record, reason });
    void this.#call(`onStop ${record.runId}`, hook, onSettled);
  }

  /** Calls `onActivityExpired` for one run unless that call is under way already. */
  onActivityExpired(run: number, onSettled: () => void): void {
    const hook = (): unknown => this.#host.object.onActivityExpired();
    void this.#call(`onActivityExpired ${run}`, hook, onSettled);
  }

  #call(key: string, hook: () => unknown, onSettled?: (outcome: Outcome) => void): Promise<void> {
    if (this.#underWay.has(key)) return Promise.resolve();
    this.#underWay.add(key);
    const work = this.#attempt(hook).then((outcome) => {
      this.#underWay.delete(key);
      onSettled?.(outcome);
    });
    this.#keepAlive(work);
    return work;
  }

  async #attempt(hook: () => unknown): Promise<Outcome> {
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
