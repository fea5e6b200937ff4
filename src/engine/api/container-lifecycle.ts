import type { ProcessExit } from "../sandbox/sandbox.ts";
import {
  isLive,
  nextContainerState,
  type ContainerEvent,
  type ContainerState,
} from "./container-state.ts";
import { createDeferred } from "./deferred.ts";

/** What a `wait` request waits for. */
export type WaitCondition = "not-running" | "next-exit" | "removed";

const NEVER_RAN: ProcessExit = { exitCode: 0, isOutOfMemory: false };
/** What a shell gives a command that can't be started. */
const NOT_STARTED: ProcessExit = { exitCode: 127, isOutOfMemory: false };

/** Holds a container's state and those who wait for it to change. */
export class ContainerLifecycle {
  #state: ContainerState = { kind: "created" };
  #nextExit = createDeferred<ProcessExit>();
  readonly #removed = createDeferred<ProcessExit>();

  /** Where the container is now. */
  get state(): ContainerState {
    return this.#state;
  }

  /** Takes an event and wakes who waits for it. */
  apply(event: ContainerEvent): void {
    this.#state = nextContainerState(this.#state, event);
    if (event.kind === "exited") this.#settleExit(event);
    if (event.kind === "start-failed") this.#settleExit(NOT_STARTED);
  }

  /** Tells that nothing of the container is left. */
  finishRemoval(): void {
    const last = this.#lastExit();
    this.#nextExit.resolve(last);
    this.#removed.resolve(last);
  }

  /** Resolves with the exit that the condition asks for. */
  wait(condition: WaitCondition): Promise<ProcessExit> {
    if (condition === "removed") return this.#removed.promise;
    const isOver = !isLive(this.#state) && this.#state.kind !== "removing";
    if (condition === "not-running" && isOver) return Promise.resolve(this.#lastExit());
    return this.#nextExit.promise;
  }

  #settleExit(exit: ProcessExit): void {
    this.#nextExit.resolve({
      exitCode: exit.exitCode,
      isOutOfMemory: exit.isOutOfMemory,
    });
    this.#nextExit = createDeferred();
  }

  #lastExit(): ProcessExit {
    const state = this.#state;
    const exited = state.kind === "removing" ? state.last : state;
    return exited?.kind === "exited" ? exited : NEVER_RAN;
  }
}
