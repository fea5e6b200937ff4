import { gateCommand, gateFile } from "../../core/directory/gate-commands.ts";
import type { PersistPlan } from "../../core/snapshot/persist-plan.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { StartStep } from "../../ports/platform.ts";
import { notSupportedError } from "../programs/program-errors.ts";

/** What a run that waits for its files is started with. */
export interface GateParts {
  readonly id: DurableObjectId;
  readonly runtime: ContainerRuntime;
  readonly fields: { readonly persist?: PersistPlan; readonly entrypoint?: readonly string[] };
  /** What callers of `start()` set in place of the fields. */
  readonly starts: { readonly current: { readonly entrypoint?: readonly string[] } | undefined };
}

/** Has a container wait for its files before its app begins, where the class keeps a directory. */
export class DirectoryGate implements StartStep {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** @throws {ContainerError} `NOT_SUPPORTED`, `INVALID_CONFIG` */
  isReady(): boolean {
    const { runtime, fields, starts } = this.#parts;
    if (fields.persist?.kind !== "directory") return true;
    if (typeof runtime.exec !== "function") throw notSupportedError("exec", "keep a directory");
    const { entrypoint = fields.entrypoint ?? [] } = starts.current ?? {};
    if (entrypoint.length > 0) return true;
    throw new ContainerError(
      "INVALID_CONFIG",
      'Cannot keep a directory: the class sets no entrypoint, and the app is to begin once its files are there; set the image\'s command, as entrypoint = ["node", "server.js"]',
    );
  }

  async prepare(): Promise<void> {}

  /** What `ctx.container.start()` is given in place of `options`. */
  wrap(run: number, options: ContainerStartupOptions): ContainerStartupOptions {
    const { id, fields } = this.#parts;
    if (fields.persist?.kind !== "directory") return options;
    const file = gateFile(id.toString(), run);
    return { ...options, entrypoint: gateCommand(file, options.entrypoint ?? []) };
  }
}
