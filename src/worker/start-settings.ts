import { ContainerError } from "../errors/container-error.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";

/**
 * The options that callers of `start()` set for the run that begins. They hold as long as one of
 * those callers waits; a run that a request begins has the class's own.
 */
export class StartSettings {
  #claimed: ContainerStartConfigOptions | undefined;
  #claims = 0;

  /** What the run that begins now is to have in place of the class's settings. */
  get current(): ContainerStartConfigOptions | undefined {
    return this.#claimed;
  }

  /**
   * Runs `work` while these options hold.
   *
   * @throws {ContainerError} `START_CONFLICT` when another start with other options is under way
   */
  async during<Result>(
    options: ContainerStartConfigOptions | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (options === undefined) return await work();
    if (this.#claimed !== undefined && !isSame(this.#claimed, options)) {
      throw new ContainerError(
        "START_CONFLICT",
        "Cannot start with these options: a start with others is under way; await it, then stop() and start again",
      );
    }
    this.#claimed = options;
    this.#claims += 1;
    try {
      return await work();
    } finally {
      this.#claims -= 1;
      if (this.#claims === 0) this.#claimed = undefined;
    }
  }
}

/** Whether two say the same, in whatever order. */
function isSame(one: object, other: object): boolean {
  return JSON.stringify(one, inOrder) === JSON.stringify(other, inOrder);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
