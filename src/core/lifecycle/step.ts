import type { Command } from "./command.ts";
import type { Lifecycle, Phase } from "./phase.ts";

/** The lifecycle after an event, and what is to be done about it, in order. */
export interface Step {
  readonly lifecycle: Lifecycle;
  readonly commands: readonly Command[];
}

/** A step into another phase. */
export function move(lifecycle: Lifecycle, phase: Phase, ...commands: Command[]): Step {
  return { lifecycle: { ...lifecycle, phase }, commands };
}

/** A step that changes no phase. */
export function stay(lifecycle: Lifecycle, ...commands: Command[]): Step {
  return { lifecycle, commands };
}
