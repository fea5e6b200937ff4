import { gateCommand, gateFile } from "../../core/directory/gate-commands.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import { notSupportedError } from "../programs/program-errors.ts";

/** What a run that waits for its files is started with. */
export interface GateParts {
  readonly id: DurableObjectId;
  readonly runtime: ContainerRuntime;
  readonly fields: { readonly entrypoint?: readonly string[] };
  /** What callers of `start()` set in place of the fields. */
  readonly starts: { readonly current: { readonly entrypoint?: readonly string[] } | undefined };
}

/** Has a container wait for its files before its app begins. */
export class DirectoryGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** @throws {ContainerError} `NOT_SUPPORTED`, `INVALID_CONFIG` when there can be no such run */
  check(): void {
    const { runtime, fields, starts } = this.#parts;
    if (typeof runtime.exec !== "function") throw notSupportedError("exec", "keep a directory");
    const { entrypoint = fields.entrypoint ?? [] } = starts.current ?? {};
    if (entrypoint.length > 0) return;
    throw new ContainerError(
      "INVALID_CONFIG",
      'Cannot keep a directory: the class sets no entrypoint, and the app is to begin once its files are there; set the image\'s command, as entrypoint = ["node", "server.js"]',
    );
  }

  /** What `ctx.container.start()` is given in place of `options`. */
  wrap(run: number, options: ContainerStartupOptions): ContainerStartupOptions {
    const file = gateFile(this.#parts.id.toString(), run);
    return { ...options, entrypoint: gateCommand(file, options.entrypoint ?? []) };
  }
}
