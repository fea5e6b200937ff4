import type { Command } from "../../../src/core/lifecycle/command.ts";
import type { LifecycleEvent } from "../../../src/core/lifecycle/event.ts";
import type { Lifecycle } from "../../../src/core/lifecycle/phase.ts";
import type { Policy } from "../../../src/core/lifecycle/policy.ts";
import type { Step } from "../../../src/core/lifecycle/step.ts";
import { transition } from "../../../src/core/lifecycle/transition.ts";

/** One event of a history, and what was decided about it. */
export interface Moment {
  readonly before: Lifecycle;
  readonly event: LifecycleEvent;
  readonly step: Step;
  readonly policy: Policy;
}

/** A history, from an instance that never started. */
export type History = readonly Moment[];

/** Takes one event. Whatever the transition is given cannot be changed by it (L6). */
export function momentOf(before: Lifecycle, event: LifecycleEvent, policy: Policy): Moment {
  return { before, event, step: freeze(transition(before, freeze(event), policy)), policy };
}

/** The commands of one kind, in a whole history. */
export function commandsOf(history: History, kind: Command["kind"]): readonly Moment[] {
  return history.filter(({ step }) => step.commands.some((command) => command.kind === kind));
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
