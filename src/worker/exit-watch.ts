import type { ObservedExit } from "../core/lifecycle/event.ts";
import { classifyExit } from "../errors/classify-exit.ts";
import { CAPACITY_CODES, type ContainerErrorCode } from "../errors/codes.ts";
import { classifyRuntimeError, toContainerError } from "../errors/from-runtime.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";

/** How a run ended: it ran and exited, or the platform refused to start it. */
export type Ending =
  | { readonly kind: "exited"; readonly run: number; readonly exit: ObservedExit }
  | {
      readonly kind: "start-refused";
      readonly run: number;
      readonly reason: "capacity" | "failure";
      readonly error: unknown;
    };

/** Refusals that may pass by themselves. */
const TRANSIENT: readonly ContainerErrorCode[] = [...CAPACITY_CODES, "CONNECTION_LOST"];

/** Who is told what the watch learns. */
export interface ExitListener {
  onEnding(ending: Ending): void;
  /** An end whose words nobody knows: the user had better see them. */
  report(error: unknown): void;
}

/**
 * Learns how runs end. `monitor()` is asked only when an answer is worth its price: a pending one
 * keeps the object in memory for up to 15 minutes.
 */
export class ExitWatch {
  readonly #runtime: ContainerRuntime;
  readonly #listener: ExitListener;
  #watched: { readonly run: number; readonly settled: Promise<void> } | undefined;
  #failed: { readonly run: number; readonly error: unknown } | undefined;
  #last: Ending | undefined;

  constructor(runtime: ContainerRuntime, listener: ExitListener) {
    this.#runtime = runtime;
    this.#listener = listener;
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
    const code = classifyRuntimeError(error);
    if (code === "START_CONFLICT") return;
    const reason = TRANSIENT.includes(code) ? "capacity" : "failure";
    this.#end({ kind: "start-refused", run, reason, error });
  }

  /** Notes why a run is going to be ended whose app has not begun: then it is a failed start. */
  fail(run: number, error: unknown): void {
    this.#failed = { run, error };
  }

  async #monitor(run: number): Promise<void> {
    let exit: ObservedExit = { exitCode: 0, cause: "exit" };
    try {
      await this.#runtime.monitor();
    } catch (error) {
      exit = classifyExit(error);
      if (exit.cause === "admission") return this.refuse(run, error);
      if (this.#runtime.running && !isCertain(exit)) {
        this.#watched = undefined; // it only looked gone: ask again when there is reason to
        return;
      }
      if (exit.cause === "unknown" && classifyRuntimeError(error) !== "NOT_RUNNING") {
        this.#listener.report(toContainerError(error, `tell how run ${run} ended`));
      }
    }
    const failed = this.#failed?.run === run ? this.#failed : undefined;
    if (failed === undefined) this.#end({ kind: "exited", run, exit });
    else this.#end({ kind: "start-refused", reason: "failure", ...failed });
  }

  #end(ending: Ending): void {
    if (ending.run >= (this.#last?.run ?? 0)) this.#last = ending; // an older run may end late
    this.#listener.onEnding(ending);
  }
}

/** An internal error of the monitor says nothing of a process that `running` still tells of. */
function isCertain(exit: ObservedExit): boolean {
  return exit.cause !== "unknown";
}
