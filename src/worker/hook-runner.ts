import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { Host } from "./host.ts";

/**
 * Calls a user's hooks. What a hook throws is reported and never stands in anybody's way; while one
 * runs the object is kept in memory.
 */
export class HookRunner {
  readonly #host: Host;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  readonly #stops = new Set<number>();
  readonly #expiries = new Set<number>();
  #starting: Promise<void> = Promise.resolve();

  constructor(host: Host, keepAlive: (work: Promise<unknown>) => void) {
    this.#host = host;
    this.#keepAlive = keepAlive;
  }

  /** Resolves when the `onStart` under way has returned. */
  get starting(): Promise<void> {
    return this.#starting;
  }

  onStart(): void {
    this.#starting = this.#track(this.#attempt(() => this.#host.onStart()).then(() => {}));
  }

  /** Calls `onStop` for one record unless that call is under way already. */
  onStop(record: StopRecord, onSettled: (outcome: "handled" | "failed") => void): void {
    const { runId } = record;
    if (this.#stops.has(runId)) return;
    this.#stops.add(runId);
    const params = {
      ...record,
      reason: record.cause === "exit" ? ("exit" as const) : ("runtime_signal" as const),
    };
    void this.#track(
      this.#attempt(() => this.#host.onStop(params)).then((outcome) => {
        this.#stops.delete(runId);
        onSettled(outcome);
      }),
    );
  }

  /** Calls `onActivityExpired` for one run unless that call is under way already. */
  onActivityExpired(run: number, onSettled: (run: number) => void): void {
    if (this.#expiries.has(run)) return;
    this.#expiries.add(run);
    void this.#track(
      this.#attempt(() => this.#host.onActivityExpired()).then(() => {
        this.#expiries.delete(run);
        onSettled(run);
      }),
    );
  }

  async #attempt(hook: () => void | Promise<void>): Promise<"handled" | "failed"> {
    try {
      await Promise.resolve(); // a hook may call the object back: never from inside a transition
      await hook();
      return "handled";
    } catch (error) {
      this.#host.report(error);
      return "failed";
    }
  }

  #track(work: Promise<void>): Promise<void> {
    this.#keepAlive(work);
    return work;
  }
}
