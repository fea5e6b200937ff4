import {
  toStatus,
  toUsage,
  type InstanceStatus,
  type InstanceUsage,
} from "../core/lifecycle/status.ts";
import { ContainerPrograms } from "./container-programs.ts";
import type { HoldOptions } from "./holds.ts";
import { machineryOf } from "./machinery.ts";
import { systemClock } from "./system-clock.ts";

/** What a container class tells of its instance, and what keeps it. */
export abstract class ContainerUpkeep<
  Env = Cloudflare.Env,
  Props = unknown,
> extends ContainerPrograms<Env, Props> {
  /**
   * Tells what is known of the instance. Neither starts the container nor keeps it awake.
   */
  async peek(): Promise<InstanceStatus> {
    const { supervisor, deploys } = machineryOf(this);
    await supervisor.reconcile();
    const { instance, leases } = supervisor;
    const idleAtMs = supervisor.idleAtMs(systemClock.now());
    return toStatus(instance, { leases, idleAtMs, wanted: deploys.wanted });
  }

  /** The same as `peek()`. */
  async getStatus(): Promise<InstanceStatus> {
    return await this.peek();
  }

  /** Sums up what the instance has used since it was made. Neither starts nor keeps it. */
  async usage(): Promise<InstanceUsage> {
    const { supervisor } = machineryOf(this);
    await supervisor.reconcile();
    supervisor.keep({}); // what was busy up to now
    return toUsage(supervisor.instance, systemClock.now());
  }

  /**
   * Keeps the instance awake without a request, through evictions of the object too.
   *
   * @param name the same name again gives the hold its time anew
   * @param options `ttl`: when it runs out by itself (default: 15 min)
   * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION`
   */
  async hold(name: string, options: HoldOptions = {}): Promise<void> {
    machineryOf(this).holds.add(name, options);
  }

  /** Ends a hold. The idle time starts now. */
  async release(name: string): Promise<void> {
    machineryOf(this).holds.remove(name);
  }

  /**
   * Keeps the instance awake while a piece of work is under way.
   *
   * @param options `ttl`: for how long at most (default: 15 min)
   */
  async holdWhile<Result>(work: Promise<Result>, options: HoldOptions = {}): Promise<Result> {
    return await machineryOf(this).holds.during(work, options);
  }

  /**
   * Says that a slow boot gets on: `startup.bootTimeout` begins anew. For apps that install or
   * migrate before they listen.
   */
  async reportProgress(): Promise<void> {
    machineryOf(this).admission.reportProgress();
  }
}
