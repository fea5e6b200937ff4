import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { StartSettings } from "../start-settings.ts";
import { StartPlanner, type ImageFields } from "../start-planner.ts";
import { systemClock } from "../system-clock.ts";
import { SnapshotChoice } from "./snapshot-choice.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** What the planning of runs is assembled from. */
export interface PlanningParts {
  readonly fields: ImageFields;
  readonly ctx: DurableObjectState;
  readonly runtime: ContainerRuntime;
  readonly starts: StartSettings;
  readonly store: SnapshotStore;
  /** Hands an error to `onError`. */
  readonly report: (error: unknown) => void;
}

/** Puts together what plans the next run: its image, its size, its files. Nothing happens yet. */
export function assemblePlanner(parts: PlanningParts): StartPlanner {
  const { fields, ctx, runtime, starts, store, report } = parts;
  const snapshots = new SnapshotChoice({ store, clock: systemClock, report });
  return new StartPlanner({ fields, starts, runtime, id: ctx.id, snapshots });
}
