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
}
