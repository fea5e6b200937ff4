import type { ObservedExit } from "../core/lifecycle/event.ts";
import { classifyExit } from "../errors/classify-exit.ts";
import { classifyRuntimeError } from "../errors/from-runtime.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";

/** How a run ended: it ran and exited, or the platform refused to start it. */
export type Ending =
  | { readonly kind: "exited"; readonly run: number; readonly exit: ObservedExit }
  | { readonly kind: "start-refused"; readonly run: number; readonly error: unknown };

/**
 * Learns how runs end. `monitor()` is asked only when an answer is worth its price: a pending one
 * keeps the object in memory for up to 15 minutes.
 */
export class ExitWatch {
  readonly #runtime: ContainerRuntime;
  readonly #onEnding: (ending: Ending) => void;
  #watched: { readonly run: number; readonly settled: Promise<void> } | undefined;
  #last: Ending | undefined;

  constructor(runtime: ContainerRuntime, onEnding: (ending: Ending) => void) {
    this.#runtime = runtime;
    this.#onEnding = onEnding;
  }

  /** The last ending that was seen. */
  get last(): Ending | undefined {
    return this.#last;
  }

  /** Resolves once the end of `run` was told. One question to the runtime a run. */
  watch(run: number): Promise<void> {
    if (this.#watched?.run === run) return this.#watched.settled;
    const settled = this.#monitor(run);
    this.#watched = { run, settled };
    return settled;
  }

  /** Notes that `start()` itself threw. A container that runs already is simply taken over. */
  refuse(run: number, error: unknown): void {
    if (classifyRuntimeError(error) === "START_CONFLICT") return;
    this.#end({ kind: "start-refused", run, error });
  }

  async #monitor(run: number): Promise<void> {
    let exit: ObservedExit = { exitCode: 0, cause: "exit" };
    try {
      await this.#runtime.monitor();
    } catch (error) {
      exit = classifyExit(error);
      if (exit.cause === "admission") return this.#end({ kind: "start-refused", run, error });
      if (this.#runtime.running && classifyRuntimeError(error) === "NOT_RUNNING") {
        this.#watched = undefined; // it only looked gone: ask again when there is reason to
        return;
      }
    }
    this.#end({ kind: "exited", run, exit });
  }

  #end(ending: Ending): void {
    if (ending.run >= (this.#last?.run ?? 0)) this.#last = ending; // an older run may end late
    this.#onEnding(ending);
  }
}
