import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { Admission, type ProbeSettings } from "./admission.ts";
import { AlarmGuard } from "./alarm-guard.ts";
import { AnswerPasser } from "./answer-passer.ts";
import { ClassSettings, type SettingFields } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
import { Holds } from "./holds.ts";
import type { Hooks, Host } from "./host.ts";
import { HttpProxy, type ProxiedObject } from "./http-proxy.ts";
import { Jobs } from "./jobs.ts";
import { compatibilityFlags, isSignalNamed, warnOfUnseenAborts } from "./request-signal.ts";
import { ScheduleTable } from "./schedule-table.ts";
import { Supervisor } from "./supervisor.ts";
import { systemClock } from "./system-clock.ts";

/** The user's object: its settings and hooks. */
export interface ContainerObject extends SettingFields, Hooks, ProxiedObject, ProbeSettings {
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  onError(error: unknown): unknown;
}

/** What the object stands on. */
export interface Ground {
  readonly ctx: DurableObjectState;
  readonly runtime: ContainerRuntime;
}

/** What a container object is made of. */
export interface Machinery {
  readonly settings: ClassSettings;
  readonly tasks: ScheduleTable;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly proxy: HttpProxy;
  readonly holds: Holds;
  readonly jobs: Jobs;
  readonly alarms: AlarmGuard;
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
  { ctx, runtime }: Ground,
  options: ContainerOptions,
): Machinery {
  const keepAlive = (work: Promise<unknown>): void => ctx.waitUntil(work);
  const random = (): number => Math.random();
  const platform = { runtime, clock: systemClock, storage: ctx.storage, random, keepAlive };
  const flags = compatibilityFlags();
  warnOfUnseenAborts(object.constructor, flags);
  const settings = new ClassSettings(object, options.envVars);
  const tasks = new ScheduleTable(ctx.storage, object);
  const host: Host = { object, settings, report: (error) => void report(object, error) };
  const closeSockets = (code: number): void => passer.closeSockets(code);
  const supervisor = new Supervisor({ platform, host, tasks, closeSockets });
  const admission = new Admission(platform, supervisor, object);
  const passer = new AnswerPasser({ supervisor, keepAlive, object });
  const proxy = new HttpProxy({
    platform,
    supervisor,
    admission,
    passer,
    isSignalNamed: isSignalNamed(flags),
    object,
  });
  const holds = new Holds(supervisor, systemClock);
  const clock = systemClock;
  const jobs = new Jobs({ supervisor, admission, starts: settings.starts, clock });
  const alarms = new AlarmGuard({ handle: () => supervisor.alarm(), report: host.report });
  const machinery = { settings, tasks, supervisor, admission, proxy, holds, jobs, alarms };
  machineries.set(object, machinery);
  return machinery;
}

async function report(object: ContainerObject, error: unknown): Promise<void> {
  try {
    await object.onError(error);
  } catch {
    // the default rethrows, for users who call it themselves; here nobody is left to catch it
  }
}
