import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { PersistPlan } from "./snapshots/persist-plan.ts";
import { Admission } from "./admission.ts";
import { AnswerPasser } from "./answer-passer.ts";
import type { Footing } from "./assemble-footing.ts";
import { DeployWatch } from "./deploy-watch.ts";
import type { DirectoryParts } from "./directory/directory-keeper.ts";
import { DirectoryArrival } from "./directory/directory-start.ts";
import { HookRunner } from "./hook-runner.ts";
import { HttpProxy } from "./http-proxy.ts";
import { LivenessWatch } from "./liveness-watch.ts";
import type { ContainerObject } from "./machinery.ts";
import { ProgramRunner } from "./programs/program-runner.ts";
import { isSignalNamed, type CompatibilityFlags } from "./request-signal.ts";
import type { Scheduler } from "./schedule/scheduler.ts";
import type { Keeper } from "./snapshots/keeper.ts";
import { PlatformKeeper } from "./snapshots/platform-keeper.ts";
import { Snapshotter } from "./snapshots/snapshotter.ts";
import { Supervisor } from "./supervisor.ts";

/** What runs the container and sends requests to it. */
export interface Engine {
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly proxy: HttpProxy;
  readonly deploys: DeployWatch;
  readonly snapshotter: Snapshotter;
}

/** What that is made with. */
export interface EngineParts extends Footing {
  readonly object: ContainerObject;
  readonly tasks: Scheduler;
  readonly flags: CompatibilityFlags | undefined;
  /** Told of each run that has ended. */
  readonly onEnded: (stop: StopRecord) => void;
}

/** Puts together what knows of each other, and so is made together. Nothing happens yet. */
export function assembleEngine(parts: EngineParts): Engine {
  const { object, platform, host, planner, onEnded } = parts;
  const { clock, keepAlive } = platform;
  const { report } = host;
  const supervisor = new Supervisor({
    platform,
    host,
    tasks: { nextDueAtMs: () => earliest(parts.tasks.nextDueAtMs(), snapshotter.refreshAtMs) },
    onEnded,
    closeSockets: (code) => passer.closeSockets(code),
    onBusy: () => liveness.begin(),
    onIdle: () => liveness.end(),
    onReconciled: () => deploys.check(),
    isOutdated: () => deploys.isOutdated,
    unpack: (run, fail) => arrival.begin(run, fail),
    save: (run) => snapshotter.save(run),
  });
  const files = { ...parts, supervisor, runner: new ProgramRunner(platform, supervisor) };
  const arrival = new DirectoryArrival({ ...files, report }, object);
  const snapshotter = snapshotterOf(files);
  const deploys = new DeployWatch({ supervisor, planner, keepAlive, fields: object, report });
  const admission = new Admission({ platform, supervisor, target: object, planner, arrival });
  const passes = admission.passes.bind(admission);
  const liveness = new LivenessWatch({ supervisor, clock, object, passes, report });
  const passer = new AnswerPasser({ supervisor, keepAlive, clock, object });
  const traffic = { platform, supervisor, admission, passer, liveness, object };
  const proxy = new HttpProxy({ ...traffic, isSignalNamed: isSignalNamed(parts.flags) });
  return { supervisor, admission, proxy, deploys, snapshotter };
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const atMs = Math.min(...times.map((time) => time ?? Infinity));
  return atMs === Infinity ? undefined : atMs;
}

function snapshotterOf(parts: EngineParts & DirectoryParts): Snapshotter {
  const { object: fields, platform, supervisor, host, store } = parts;
  const { report } = host;
  const hooks = new HookRunner(host, platform);
  const onBeforeSnapshot = hooks.onBeforeSnapshot.bind(hooks);
  const keeperOf = (plan: PersistPlan): Keeper =>
    plan.kind === "directory"
      ? plan.machinery.keeper(parts, plan)
      : new PlatformKeeper(parts, plan.keep);
  const hooked = { fields, keeperOf, onBeforeSnapshot, report };
  return new Snapshotter({ platform, supervisor, store, ...hooked });
}
