import type { Platform, StartStep } from "../ports/platform.ts";
import { ClassSettings } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
import { assembleOutbound } from "./egress/assemble-outbound.ts";
import type { Outbound } from "./egress/outbound.ts";
import type { Host } from "./host.ts";
import type { ContainerObject, Ground } from "./machinery.ts";
import { DirectoryStart } from "./directory/directory-start.ts";
import { redactingRuntime } from "./redacting-runtime.ts";
import type { RunEnvironment } from "./run-environment.ts";
import { assemblePlanner } from "./snapshots/assemble-planner.ts";
import { SnapshotStore } from "./snapshots/snapshot-store.ts";
import type { StartPlanner } from "./start-planner.ts";
import { systemClock } from "./system-clock.ts";

/** What everything else of a container object stands on. */
export interface Footing {
  readonly settings: ClassSettings;
  readonly outbound: Outbound;
  readonly platform: Platform;
  readonly planner: StartPlanner;
  /** What is known of snapshots. */
  readonly store: SnapshotStore;
  readonly id: DurableObjectId;
  readonly host: Host;
}

/** Puts together what the others stand on: settings, platform, and what a run needs to begin. */
export function assembleFooting(
  object: ContainerObject,
  ground: Ground,
  options: ContainerOptions,
): Footing {
  const report = (error: unknown): void => void tell(object, error);
  const outbound = assembleOutbound({ object, ground, settings: () => settings, report });
  const settings = new ClassSettings(object, options.envVars, () => outbound.isClosed);
  const { starts } = settings;
  const { id } = ground.ctx;
  const gate = new DirectoryStart({ ...ground, id, fields: object, starts });
  const platform = platformOf(ground, settings.environment, [settings.environment, outbound, gate]);
  const store = new SnapshotStore(platform.storage);
  const planner = assemblePlanner({ ...ground, fields: object, starts, store, report });
  const host: Host = {
    object,
    settings: {
      policy: () => settings.policy(),
      startOptions: (run) => gate.wrap(run, settings.startOptions(planner.take())),
    },
    report,
  };
  return { settings, outbound, platform, planner, store, id, host };
}

function platformOf(
  { ctx, runtime }: Ground,
  environment: RunEnvironment,
  startSteps: readonly StartStep[],
): Platform {
  return {
    runtime: redactingRuntime(runtime, (error) => environment.redact(error)),
    clock: systemClock,
    storage: ctx.storage,
    random: () => Math.random(),
    keepAlive: (work) => ctx.waitUntil(work),
    startSteps,
  };
}

async function tell(object: ContainerObject, error: unknown): Promise<void> {
  try {
    await object.onError(error);
  } catch {
    // the default rethrows, for users who call it themselves; here nobody is left to catch it
  }
}
