import type { Happening } from "./event.ts";
import { isEnding, type Phase } from "./phase.ts";

/** Whether a run ends for good after an event, and not to make room for the next one. */
export function isToldToEnd(phase: Phase, kind: Happening["kind"]): boolean {
  if (!isEnding(phase) || phase.fault !== undefined) return false;
  return phase.cause !== "rollout" || kind === "stop-requested" || kind === "destroy-requested";
}
