import type { StartStep } from "../../ports/platform.ts";
import type { PersistPlan } from "../snapshots/persist-plan.ts";
import type { DirectoryPlan } from "./directory.ts";
import type { DirectoryGate, GateParts } from "./directory-gate.ts";
import type { DirectoryUnpacker, FailStart, UnpackerParts } from "./directory-unpacker.ts";

/** The fields that say whether there is a directory to be kept. */
export interface DirectoryFields {
  readonly persist?: PersistPlan;
  readonly entrypoint?: readonly string[];
}

/** What is made for a run to begin with its directory, by a class that keeps one. */
export class DirectoryStart implements StartStep {
  readonly #parts: GateParts & { readonly fields: DirectoryFields };

  constructor(parts: GateParts & { readonly fields: DirectoryFields }) {
    this.#parts = parts;
  }

  isReady(): boolean {
    this.#gate?.check();
    return true;
  }

  async prepare(): Promise<void> {}

  /** What `ctx.container.start()` is given in place of `options`. */
  wrap(run: number, options: ContainerStartupOptions): ContainerStartupOptions {
    return this.#gate?.wrap(run, options) ?? options;
  }

  get #gate(): DirectoryGate | undefined {
    return planOf(this.#parts.fields)?.machinery.gate(this.#parts);
  }
}

/** Whether the run that begins has its directory, where the class keeps one. */
export class DirectoryArrival {
  readonly #parts: UnpackerParts;
  readonly #fields: DirectoryFields;
  #made: DirectoryUnpacker | undefined;

  constructor(parts: UnpackerParts, fields: DirectoryFields) {
    this.#parts = parts;
    this.#fields = fields;
  }

  /** Gives a run that has begun its files. Never throws. */
  async begin(run: number, fail: FailStart): Promise<void> {
    const plan = planOf(this.#fields);
    if (plan !== undefined) await this.#unpacker(plan).begin(run, plan, fail);
  }

  /** Settles when a run has its files, or has failed for the lack of them; undefined once it has. */
  of(run: number): Promise<void> | undefined {
    return this.#made?.arrival(run);
  }

  /** Whether nobody brings a run its files any more, since the object died over it. */
  isLost(run: number): boolean {
    const plan = planOf(this.#fields);
    return plan !== undefined && this.#unpacker(plan).isLost(run);
  }

  #unpacker({ machinery }: DirectoryPlan): DirectoryUnpacker {
    this.#made ??= machinery.unpacker(this.#parts);
    return this.#made;
  }
}

function planOf({ persist }: DirectoryFields): DirectoryPlan | undefined {
  return persist?.kind === "directory" ? persist : undefined;
}
