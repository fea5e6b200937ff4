import { isUsable, type Phase } from "../core/lifecycle/phase.ts";

/** Whether the container of a phase is up and may be used. */
export function isUp(phase: Phase): boolean {
  return isUsable(phase) && phase.kind !== "starting";
}
