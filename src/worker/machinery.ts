import { Admission } from "./admission.ts";
import { ClassSettings, type SettingFields } from "./class-settings.ts";
import type { ContainerOptions } from "./container-types.ts";
import type { Hooks, Host } from "./host.ts";
import { HttpProxy, type Traffic } from "./http-proxy.ts";
import { compatibilityFlags, isSignalNamed, warnOfUnseenAborts } from "./request-signal.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { ScheduleTable } from "./schedule-table.ts";
import { Supervisor } from "./supervisor.ts";
import { systemClock } from "./system-clock.ts";

/** The user's object: its settings and hooks. */
export interface ContainerObject extends SettingFields, Hooks {
  readonly pingEndpoint: string;
  readonly traffic: Traffic;
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
}

/** Puts the parts of a container object together. Nothing happens yet. */
export function assemble(
  object: ContainerObject,
  { ctx, runtime }: Ground,
  options: ContainerOptions,
): Machinery {
  const keepAlive = (work: Promise<unknown>): void => ctx.waitUntil(work);
  const platform = { runtime, clock: systemClock, storage: ctx.storage, keepAlive };
  const flags = compatibilityFlags();
  warnOfUnseenAborts(object.constructor, flags);
  const settings = new ClassSettings(object, options.envVars);
  const tasks = new ScheduleTable(ctx.storage, object);
  const host: Host = { object, settings, report: (error) => void report(object, error) };
  const supervisor = new Supervisor(platform, host, tasks);
  const admission = new Admission(platform, supervisor, object);
  const proxy = new HttpProxy({
    runtime,
    supervisor,
    admission,
    keepAlive,
    isSignalNamed: isSignalNamed(flags),
    object,
  });
  return { settings, tasks, supervisor, admission, proxy };
}

async function report(object: ContainerObject, error: unknown): Promise<void> {
  try {
    await object.onError(error);
  } catch {
    // the default rethrows, for users who call it themselves; here nobody is left to catch it
  }
}
