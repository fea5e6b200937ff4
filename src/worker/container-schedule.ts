import { parseMoment } from "../core/moment.ts";
import { ContainerSettings } from "./container-settings.ts";
import type { Schedule } from "./container-types.ts";
import { machineryOf } from "./machinery.ts";
import { systemClock } from "./system-clock.ts";

/** The schedule of a container class. */
export abstract class ContainerSchedule<Env = Cloudflare.Env> extends ContainerSettings<Env> {
  /**
   * Calls a method of this class later, also when the container or the object sleeps.
   *
   * @param when a date, or a delay in seconds
   * @param callback name of the method
   * @param payload passed to the method; must survive JSON
   * @throws {ContainerError} `INVALID_ARGUMENT` when the time or the method is not usable
   */
  async schedule<Payload = string>(
    when: Date | number,
    callback: string,
    payload?: Payload,
  ): Promise<Schedule<Payload>> {
    const { tasks, supervisor } = machineryOf(this);
    const schedule = tasks.add({ when, callback, payload: payload as Payload }, systemClock.now());
    supervisor.keep({});
    return schedule;
  }

  /** The tasks that call one method, the next one first. */
  async listSchedules<Payload = string>(callback: string): Promise<Schedule<Payload>[]> {
    return machineryOf(this).tasks.list(callback);
  }

  /** The task of an id. */
  async getSchedule<Payload = string>(taskId: string): Promise<Schedule<Payload> | undefined> {
    return machineryOf(this).tasks.get(taskId);
  }

  /** Removes the tasks that call one method. */
  deleteSchedules(callback: string): void {
    const { tasks, supervisor } = machineryOf(this);
    tasks.deleteAll(callback);
    supervisor.keep({});
  }

  /**
   * Sets an alarm of your own: `onAlarm()` is called when it is due. The object's one alarm is
   * this library's, so `ctx.storage.setAlarm()` is not for use in a container class.
   *
   * @param at a date, or milliseconds since the epoch; `null` takes the alarm back
   */
  async setAlarm(at: Date | number | null): Promise<void> {
    const userAlarmAtMs = at === null ? null : parseMoment(at, "the alarm");
    machineryOf(this).supervisor.keep({ userAlarmAtMs });
  }

  /** When the alarm of `setAlarm()` is due, in milliseconds since the epoch, else `null`. */
  async getAlarm(): Promise<number | null> {
    return machineryOf(this).supervisor.instance.userAlarmAtMs;
  }
}
