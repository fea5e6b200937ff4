import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { SocketActivity } from "../core/socket-activity.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { Platform, StartStep } from "../ports/platform.ts";
import { Admission } from "./admission.ts";
import { doAlarmDuty } from "./alarm-duty.ts";
import { AlarmGuard } from "./alarm-guard.ts";
import { AnswerPasser } from "./answer-passer.ts";
import { ClassSettings, type SettingFields } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
import { DeployWatch } from "./deploy-watch.ts";
import { assembleOutbound } from "./egress/assemble-outbound.ts";
import type { EgressFields, Outbound } from "./egress/outbound.ts";
import type { ProbeSettings } from "./gate-prover.ts";
import { Holds } from "./holds.ts";
import type { Hooks, Host } from "./host.ts";
import { HttpProxy, type ProxiedObject } from "./http-proxy.ts";
import { JobStore } from "./job-store.ts";
import {
  compatibilityFlags,
  isSignalNamed,
  warnOfUnseenAborts,
  type CompatibilityFlags,
} from "./request-signal.ts";
import { LivenessWatch, type Liveness } from "./liveness-watch.ts";
import { redactingRuntime } from "./redacting-runtime.ts";
import { Scheduler, type ScheduledObject } from "./schedule/scheduler.ts";
import { HookRunner } from "./hook-runner.ts";
import { assemblePlanner } from "./snapshots/assemble-planner.ts";
import { SnapshotRefresh } from "./snapshots/snapshot-refresh.ts";
import { SnapshotStore } from "./snapshots/snapshot-store.ts";
import { Snapshotter } from "./snapshots/snapshotter.ts";
import type { StartPlanner } from "./start-planner.ts";
import { Supervisor } from "./supervisor.ts";
import { systemClock } from "./system-clock.ts";
import { assemblePrograms, type ProgramMachinery } from "./programs/assemble-programs.ts";
import { UserAlarm } from "./user-alarm.ts";

/** The user's object: its settings and hooks. */
export interface ContainerObject
  extends SettingFields, EgressFields, Hooks, ProxiedObject, ProbeSettings, ScheduledObject {
  readonly socketActivity: SocketActivity;
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  readonly liveness?: Liveness | false;
  onError(error: unknown): unknown;
}

/** What the object stands on. */
export interface Ground {
  readonly ctx: DurableObjectState;
  readonly env: Cloudflare.Env;
  readonly runtime: ContainerRuntime;
}

/** What a container object is made of. */
export interface Machinery extends ProgramMachinery {
  readonly settings: ClassSettings;
  readonly outbound: Outbound;
  readonly tasks: Scheduler;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly proxy: HttpProxy;
  readonly deploys: DeployWatch;
  readonly planner: StartPlanner;
  readonly snapshotter: Snapshotter;
  readonly holds: Holds;
  readonly alarms: AlarmGuard;
  readonly userAlarm: UserAlarm;
}

// By object, since a getter for it would be a method that any holder of the stub can call.
const machineries = new WeakMap<object, Machinery>();

/** The parts that {@link assemble} made for an object. */
export function machineryOf(object: object): Machinery {
  const machinery = machineries.get(object);
  if (machinery !== undefined) return machinery;
  throw new TypeError("Cannot use the container object: its constructor has not run");
}

/** Puts the parts of a container object together. Nothing happens yet. */
export function assemble(
  object: ContainerObject,
  ground: Ground,
  options: ContainerOptions,
): Machinery {
  const flags = compatibilityFlags();
  warnOfUnseenAborts(object.constructor, flags);
  const tell = (error: unknown): void => void report(object, error);
  const outbound = assembleOutbound({ object, ground, settings: () => settings, report: tell });
  const settings = new ClassSettings(object, options.envVars, () => outbound.isClosed);
  const platform = platformOf(ground, [settings.environment, outbound], settings);
  const { storage, clock } = platform;
  const snapshots = new SnapshotStore(storage);
  const { starts } = settings;
  const planner = assemblePlanner({
    ...ground,
    fields: object,
    starts,
    store: snapshots,
    report: tell,
  });
  const host = hostOf(object, settings, planner);
  const tasks = new Scheduler({ storage, clock, object, report: host.report });
  const jobStore = new JobStore(storage);
  const onEnded = (stop: StopRecord): void => jobStore.noteStop(stop, clock.now());
  const parts = { object, platform, host, tasks, flags, planner, snapshots, onEnded };
  const engine = assembleEngine(parts);
  const { supervisor, admission } = engine;
  const holds = new Holds(supervisor, clock);
  const programs = assemblePrograms({ platform, supervisor, admission, starts, store: jobStore });
  const userAlarm = new UserAlarm({ supervisor, clock, report: host.report });
  const keeping = { platform, planner, store: snapshots, report: tell };
  const refresh = new SnapshotRefresh({ ...engine, ...keeping });
  const alarms = new AlarmGuard({
    handle: () => doAlarmDuty({ platform, supervisor, tasks, userAlarm, refresh }),
    report: host.report,
  });
  const machinery = {
    settings,
    outbound,
    tasks,
    planner,
    ...engine,
    ...programs,
    holds,
    alarms,
    userAlarm,
  };
  machineries.set(object, machinery);
  return machinery;
}

interface EngineParts {
  readonly object: ContainerObject;
  readonly platform: Platform;
  readonly host: Host;
  readonly tasks: Scheduler;
  readonly flags: CompatibilityFlags | undefined;
  readonly planner: StartPlanner;
  readonly snapshots: SnapshotStore;
  readonly onEnded: (stop: StopRecord) => void;
}

/** What knows of each other, and so is made together. */
function assembleEngine(
  parts: EngineParts,
): Pick<Machinery, "supervisor" | "admission" | "proxy" | "deploys" | "snapshotter"> {
  const { object, platform, host, flags, planner, onEnded } = parts;
  const { clock, keepAlive } = platform;
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
    save: (run) => snapshotter.save(run),
  });
  const hooks = new HookRunner(host, platform);
  const snapshotter = new Snapshotter({
    platform,
    supervisor,
    store: parts.snapshots,
    fields: object,
    onBeforeSnapshot: () => hooks.onBeforeSnapshot(),
    report: host.report,
  });
  const { report } = host;
  const deploys = new DeployWatch({ supervisor, planner, keepAlive, fields: object, report });
  const admission = new Admission({ platform, supervisor, target: object, planner });
  const passes = admission.passes.bind(admission);
  const liveness = new LivenessWatch({ supervisor, clock, object, passes, report });
  const passer = new AnswerPasser({ supervisor, keepAlive, clock, object });
  const proxy = new HttpProxy({
    platform,
    supervisor,
    admission,
    passer,
    liveness,
    isSignalNamed: isSignalNamed(flags),
    object,
  });
  return { supervisor, admission, proxy, deploys, snapshotter };
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const atMs = Math.min(...times.map((time) => time ?? Infinity));
  return atMs === Infinity ? undefined : atMs;
}

function hostOf(object: ContainerObject, settings: ClassSettings, planner: StartPlanner): Host {
  return {
    object,
    settings: {
      policy: () => settings.policy(),
      startOptions: () => settings.startOptions(planner.take()),
    },
    report: (error) => void report(object, error),
  };
}

function platformOf(
  { ctx, runtime }: Ground,
  startSteps: readonly StartStep[],
  { environment }: ClassSettings,
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

async function report(object: ContainerObject, error: unknown): Promise<void> {
  try {
    await object.onError(error);
  } catch {
    // the default rethrows, for users who call it themselves; here nobody is left to catch it
  }
}
