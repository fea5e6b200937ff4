import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { SocketActivity } from "../core/socket-activity.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { Platform } from "../ports/platform.ts";
import { Admission } from "./admission.ts";
import { doAlarmDuty } from "./alarm-duty.ts";
import { AlarmGuard } from "./alarm-guard.ts";
import { AnswerPasser } from "./answer-passer.ts";
import { ClassSettings, type SettingFields } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
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
import { Supervisor } from "./supervisor.ts";
import { systemClock } from "./system-clock.ts";
import { assemblePrograms, type ProgramMachinery } from "./programs/assemble-programs.ts";
import { UserAlarm } from "./user-alarm.ts";

/** The user's object: its settings and hooks. */
export interface ContainerObject
  extends SettingFields, Hooks, ProxiedObject, ProbeSettings, ScheduledObject {
  readonly socketActivity: SocketActivity;
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  readonly liveness?: Liveness | false;
  onError(error: unknown): unknown;
}

/** What the object stands on. */
export interface Ground {
  readonly ctx: DurableObjectState;
  readonly runtime: ContainerRuntime;
}

/** What a container object is made of. */
export interface Machinery extends ProgramMachinery {
  readonly settings: ClassSettings;
  readonly tasks: Scheduler;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly proxy: HttpProxy;
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
  const settings = new ClassSettings(object, options.envVars);
  const host: Host = { object, settings, report: (error) => void report(object, error) };
  const platform = platformOf(ground, settings);
  const { storage, clock } = platform;
  const tasks = new Scheduler({ storage, clock, object, report: host.report });
  const store = new JobStore(storage);
  const onEnded = (stop: StopRecord): void => store.noteStop(stop, clock.now());
  const engine = assembleEngine({ object, platform, host, tasks, flags, onEnded });
  const { supervisor, admission } = engine;
  const holds = new Holds(supervisor, clock);
  const { starts } = settings;
  const programs = assemblePrograms({ platform, supervisor, admission, starts, store });
  const userAlarm = new UserAlarm({ supervisor, clock, report: host.report });
  const alarms = new AlarmGuard({
    handle: () => doAlarmDuty({ platform, supervisor, tasks, userAlarm }),
    report: host.report,
  });
  const machinery = { settings, tasks, ...engine, ...programs, holds, alarms, userAlarm };
  machineries.set(object, machinery);
  return machinery;
}

interface EngineParts {
  readonly object: ContainerObject;
  readonly platform: Platform;
  readonly host: Host;
  readonly tasks: Scheduler;
  readonly flags: CompatibilityFlags | undefined;
  readonly onEnded: (stop: StopRecord) => void;
}

/** What knows of each other, and so is made together. */
function assembleEngine(parts: EngineParts): Pick<Machinery, "supervisor" | "admission" | "proxy"> {
  const { object, platform, host, tasks, flags, onEnded } = parts;
  const { clock, keepAlive } = platform;
  const supervisor = new Supervisor({
    platform,
    host,
    tasks,
    onEnded,
    closeSockets: (code) => passer.closeSockets(code),
    onBusy: () => liveness.begin(),
    onIdle: () => liveness.end(),
  });
  const admission = new Admission(platform, supervisor, object);
  const passes = admission.passes.bind(admission);
  const liveness = new LivenessWatch({
    supervisor,
    clock,
    object,
    passes,
    report: host.report,
  });
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
  return { supervisor, admission, proxy };
}

function platformOf({ ctx, runtime }: Ground, { environment }: ClassSettings): Platform {
  return {
    runtime: redactingRuntime(runtime, (error) => environment.redact(error)),
    environment,
    clock: systemClock,
    storage: ctx.storage,
    random: () => Math.random(),
    keepAlive: (work) => ctx.waitUntil(work),
  };
}

async function report(object: ContainerObject, error: unknown): Promise<void> {
  try {
    await object.onError(error);
  } catch {
    // the default rethrows, for users who call it themselves; here nobody is left to catch it
  }
}
