import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { SocketActivity } from "../core/socket-activity.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { Admission } from "./admission.ts";
import { doAlarmDuty } from "./alarm-duty.ts";
import { AlarmGuard } from "./alarm-guard.ts";
import { assembleEngine } from "./assemble-engine.ts";
import { assembleFooting } from "./assemble-footing.ts";
import type { ClassSettings, SettingFields } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
import type { DeployWatch } from "./deploy-watch.ts";
import type { EgressFields, Outbound } from "./egress/outbound.ts";
import type { ProbeSettings } from "./gate-prover.ts";
import { Holds } from "./holds.ts";
import type { Hooks } from "./host.ts";
import type { HttpProxy, ProxiedObject } from "./http-proxy.ts";
import { JobStore } from "./job-store.ts";
import type { Liveness } from "./liveness-watch.ts";
import { assemblePrograms, type ProgramMachinery } from "./programs/assemble-programs.ts";
import { compatibilityFlags, warnOfUnseenAborts } from "./request-signal.ts";
import { Scheduler, type ScheduledObject } from "./schedule/scheduler.ts";
import { SnapshotRefresh } from "./snapshots/snapshot-refresh.ts";
import type { Snapshotter } from "./snapshots/snapshotter.ts";
import type { StartPlanner } from "./start-planner.ts";
import type { Supervisor } from "./supervisor.ts";
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
  const footing = assembleFooting(object, ground, options);
  const { settings, outbound, platform, planner, host } = footing;
  const { storage, clock } = platform;
  const { report } = host;
  const tasks = new Scheduler({ storage, clock, object, report });
  const store = new JobStore(storage);
  const onEnded = (stop: StopRecord): void => store.noteStop(stop, clock.now());
  const engine = assembleEngine({ ...footing, object, tasks, flags, onEnded });
  const { supervisor, admission } = engine;
  const { starts } = settings;
  const programs = assemblePrograms({ platform, supervisor, admission, starts, store });
  const holds = new Holds(supervisor, clock);
  const userAlarm = new UserAlarm({ supervisor, clock, report });
  const refresh = new SnapshotRefresh({ ...engine, ...footing, report });
  const alarms = new AlarmGuard({
    handle: () => doAlarmDuty({ platform, supervisor, tasks, userAlarm, refresh }),
    report,
  });
  const own = { settings, outbound, tasks, planner, holds, alarms, userAlarm };
  const machinery = { ...own, ...engine, ...programs };
  machineries.set(object, machinery);
  return machinery;
}
