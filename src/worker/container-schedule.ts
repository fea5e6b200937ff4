import { parseMoment } from "../core/moment.ts";
import { ContainerSettings } from "./container-settings.ts";
import type { Schedule } from "./container-types.ts";
import { machineryOf } from "./machinery.ts";
import type { ScheduleTime } from "./schedule/new-task.ts";

/** The schedule of a container class. */
export abstract class ContainerSchedule<
  Env = Cloudflare.Env,
  Props = unknown,
> extends ContainerSettings<Env, Props> {
  /**
   * Calls a method of this class later, once or time and again, also when the container or the
   * object sleeps. A call that throws, or that takes longer than its timeout, is tried again after
   * a pause; one that keeps failing becomes a dead letter, and `onError` is told each time.
   *
   * @param when a date; a delay in seconds; `{ at: date }`; `{ in: "10m" }`; `{ every: "1h" }`;
   * or `{ cron: "0 3 * * *", timeZone }`, for which the class needs the field `cron`. The objects
   * take `id`, `retries`, `missed` and `timeout`, too
   * @param callback name of the method; it is given the payload and the task
   * @param payload passed to the method; must survive JSON
   * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION` when something is not usable;
   * `INVALID_CONFIG` for a cron expression in a class without the field `cron`
   */
  async schedule<Payload = string>(
    when: ScheduleTime,
    callback: string,
    payload?: Payload,
  ): Promise<Schedule<Payload>> {
    const { tasks, supervisor } = machineryOf(this);
    const schedule = tasks.add<Payload>({ when, callback, payload });
    supervisor.keep({});
    return schedule;
  }

  /** The tasks that call one method, or all of them, the next one first. */
  async listSchedules<Payload = string>(callback?: string): Promise<Schedule<Payload>[]> {
    return machineryOf(this).tasks.list(callback);
  }

  /** The task of an id. */
  async getSchedule<Payload = string>(taskId: string): Promise<Schedule<Payload> | undefined> {
    return machineryOf(this).tasks.get(taskId);
  }

  /** Removes a task. Returns whether there was one. */
  async cancelSchedule(taskId: string): Promise<boolean> {
    const { tasks, supervisor } = machineryOf(this);
    const wasThere = tasks.cancel(taskId);
    supervisor.keep({});
    return wasThere;
  }

  /** Removes the tasks that call one method. */
  deleteSchedules(callback: string): void {
    const { tasks, supervisor } = machineryOf(this);
    tasks.deleteAll(callback);
    supervisor.keep({});
  }

  /** The tasks that were given up, of one method or of all. `cancelSchedule()` removes one. */
  async listDeadLetters<Payload = string>(callback?: string): Promise<Schedule<Payload>[]> {
    return machineryOf(this).tasks.deadLetters(callback);
  }

  /** Gives a task that was given up all its tries again, now. Returns whether there was one. */
  async retryDeadLetter(taskId: string): Promise<boolean> {
    const { tasks, supervisor } = machineryOf(this);
    const wasThere = tasks.revive(taskId);
    supervisor.keep({});
    return wasThere;
  }

  /**
   * Sets an alarm of your own: `onAlarm()` is called when it is due, and again, up to seven times in
   * all, if it throws or its object dies under it. The object's one alarm is
   * this library's, so `ctx.storage.setAlarm()` is not for use in a container class.
   *
   * @param at a date, or milliseconds since the epoch; `null` takes the alarm back
   */
  async setAlarm(at: Date | number | null): Promise<void> {
    machineryOf(this).userAlarm.set(at === null ? null : parseMoment(at, "the alarm"));
  }

  /** When the alarm of `setAlarm()` is due, in milliseconds since the epoch, else `null`. */
  async getAlarm(): Promise<number | null> {
    return machineryOf(this).userAlarm.atMs;
  }
}
