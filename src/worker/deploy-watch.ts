import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";
import { isUsable } from "../core/lifecycle/phase.ts";
import { isOutdated, type Wanted } from "../core/lifecycle/run-origin.ts";
import type { Platform } from "../ports/platform.ts";
import type { ImageFields, StartPlanner } from "./start-planner.ts";
import type { Supervisor } from "./supervisor.ts";

/** What becomes of a run that a deploy has made old. */
export type Recycle = "idle" | "drain" | "now" | "never";

const RECYCLES: readonly unknown[] = ["idle", "drain", "now", "never"] satisfies Recycle[];

/** @throws {ContainerError} `INVALID_CONFIG` when it is none of the four */
export function checkRecycle(recycle: unknown): void {
  if (RECYCLES.includes(recycle)) return;
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use recycle: ${shown(recycle)} is none of ${RECYCLES.map(shown).join(", ")}`,
  );
}

/** What deploys are watched with. */
export interface DeployParts {
  readonly supervisor: Supervisor;
  readonly planner: StartPlanner;
  readonly keepAlive: Platform["keepAlive"];
  readonly fields: ImageFields & { readonly recycle: Recycle };
  readonly report: (error: unknown) => void;
}

/** Lets deploys reach the container that runs: it is ended, and the next run has what is new. */
export class DeployWatch {
  readonly #parts: DeployParts;
  #isLearning = false;

  constructor(parts: DeployParts) {
    this.#parts = parts;
  }

  /** What a run would be made of now. */
  get wanted(): Wanted {
    const { supervisor, planner } = this.#parts;
    return planner.wanted(supervisor.lifecycle.origin);
  }

  /** Whether the run is to end for a deploy's sake once it is idle. */
  get isOutdated(): boolean {
    const { supervisor, fields } = this.#parts;
    return fields.recycle !== "never" && isOutdated(supervisor.lifecycle.origin, this.wanted);
  }

  /** Ends a run that is old, where the class does not wait until it is idle. */
  check(): void {
    const { supervisor, fields } = this.#parts;
    const { phase, inFlight } = supervisor;
    if (!isUsable(phase)) return;
    this.#learn();
    const { recycle: how } = fields;
    if ((how === "drain" || how === "now") && this.isOutdated) {
      supervisor.dispatch({ kind: "outdated", run: phase.run, how, inFlight });
    }
  }

  /** Only a function has to be asked; once in the life of the object, so that nothing goes round. */
  #learn(): void {
    const { fields, planner, keepAlive, report } = this.#parts;
    if (typeof fields.image !== "function" || this.#isLearning) return;
    this.#isLearning = true;
    keepAlive(planner.learn().then(() => this.check(), report));
  }
}
