import {
  afterFailure,
  afterSlot,
  claim,
  isSkipped,
  isUsedUp,
  type Outcome,
} from "../../core/schedule/after-try.ts";
import type { CronParser } from "../../core/schedule/cron-parser.ts";
import { LEASE_MS, type Task } from "../../core/schedule/task.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStorage } from "../../ports/platform.ts";
import type { Schedule } from "../container-types.ts";
import { newTask, type NewTask } from "./new-task.ts";
import { TaskStore } from "./task-store.ts";
import { toSchedule } from "./to-schedule.ts";

/** The user's object: what has the methods that tasks name. */
export interface ScheduledObject {
  readonly cron?: CronParser;
}

/** What tasks are run with. */
export interface SchedulerParts {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly object: ScheduledObject;
  /** Told what goes wrong with tasks. */
  readonly report: (error: unknown) => void;
}

/**
 * The tasks of one object. Each slot is tried at least once, and again after a pause while it
 * fails; one that keeps failing is put aside as a dead letter. Nothing spins, and nothing is lost.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #store: TaskStore;
  /** The tasks under way by their ids, and when each is looked at again, lest its object died. */
  readonly #running = new Map<string, number>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#store = new TaskStore(parts.storage);
  }

  /** When a task is due next, in milliseconds since the epoch. */
  nextDueAtMs(): number | undefined {
    const due = this.#store
      .list("live")
      .map(({ id, dueAtMs }) => Math.max(dueAtMs, this.#running.get(id) ?? 0));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /**
   * Adds a task, in place of the one that has its id.
   *
   * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION`, `INVALID_CONFIG`
   */
  add<Payload>(wanted: NewTask): Schedule<Payload> {
    this.#method(wanted.callback, "INVALID_ARGUMENT");
    const { clock, object } = this.#parts;
    const task = newTask(wanted, clock.now(), object.cron);
    this.#store.put(task);
    return toSchedule<Payload>(task);
  }

  /** The task of an id. */
  get<Payload>(taskId: string): Schedule<Payload> | undefined {
    const task = this.#store.get(taskId);
    return task && toSchedule<Payload>(task);
  }

  /** The tasks that call one method, or all of them, the next one first. */
  list<Payload>(callback: string | undefined): Schedule<Payload>[] {
    return this.#of(callback, "live").map(toSchedule<Payload>);
  }

  /** The tasks that were given up. */
  deadLetters<Payload>(callback: string | undefined): Schedule<Payload>[] {
    return this.#of(callback, "dead").map(toSchedule<Payload>);
  }

  /** Gives a task that was given up all its tries again, from now on. Says whether there was one. */
  revive(taskId: string): boolean {
    const task = this.#store.list("dead").find(({ id }) => id === taskId);
    if (task === undefined) return false;
    this.#store.put({ ...task, attempts: 0, dueAtMs: this.#parts.clock.now() });
    return true;
  }

  /** Removes a task. Says whether there was one. */
  cancel(taskId: string): boolean {
    return this.#store.delete(taskId);
  }

  /** Removes the tasks that call one method. */
  deleteAll(callback: string): void {
    for (const { id } of this.#of(callback, "live")) this.#store.delete(id);
  }

  /**
   * Runs every task that is due, side by side: none waits for another, not even for one that never
   * returns.
   *
   * @param onSettled told when one has ended, however it did
   */
  async runDue(onSettled: () => void): Promise<void> {
    const nowMs = this.#parts.clock.now();
    for (const [id, lookAtMs] of this.#running) {
      if (lookAtMs <= nowMs) this.#running.set(id, nowMs + LEASE_MS);
    }
    const due = this.#store
      .list("live")
      .filter(({ id, dueAtMs }) => dueAtMs <= nowMs && !this.#running.has(id));
    await Promise.all(due.map((task) => this.#runOne(task, onSettled)));
  }

  async #runOne(task: Task, onSettled: () => void): Promise<void> {
    const nowMs = this.#parts.clock.now();
    const { cron } = this.#parts.object;
    if (isSkipped(task, nowMs)) return this.#settle(task, () => afterSlot(task, nowMs, cron));
    if (isUsedUp(task)) {
      this.#parts.report(cutShort(task));
      return this.#settle(task, () => afterFailure(task, nowMs, cron));
    }
    const claimed = claim(task, nowMs);
    this.#store.put(claimed);
    this.#running.set(task.id, claimed.dueAtMs);
    try {
      await this.#parts.storage.sync(); // a try that ends its object in its first turn counts, too
      await this.#try(claimed);
    } finally {
      this.#running.delete(task.id);
      onSettled();
    }
  }

  async #try(task: Task): Promise<void> {
    const { clock, object, report } = this.#parts;
    try {
      await this.#call(task);
      this.#settle(task, () => afterSlot(task, clock.now(), object.cron));
    } catch (error) {
      report(error);
      this.#settle(task, () => afterFailure(lastIfHopeless(task, error), clock.now(), object.cron));
    }
  }

  /**
   * What was removed meanwhile stays so, and what was put in its place stays as it is; what the
   * class can no longer reckon is put aside.
   */
  #settle(task: Task, decide: () => Outcome): void {
    if (!isSameTry(task, this.#store.get(task.id))) return;
    let outcome: Outcome;
    try {
      outcome = decide();
    } catch (error) {
      this.#parts.report(error);
      outcome = { task: undefined, dead: task };
    }
    this.#store.delete(task.id);
    if (outcome.task !== undefined) this.#store.put(outcome.task);
    if (outcome.dead !== undefined) {
      const id = outcome.task === undefined ? task.id : crypto.randomUUID();
      this.#store.put({ ...outcome.dead, id }, "dead");
    }
  }

  async #call(task: Task): Promise<void> {
    const { clock } = this.#parts;
    const schedule = toSchedule<unknown>(task);
    const method = this.#method(task.callback, "INVALID_CONFIG");
    const late = Promise.withResolvers<never>();
    const timer = clock.setTimeout(() => late.reject(timeoutError(task)), task.timeoutMs);
    try {
      await Promise.race([method(schedule.payload, schedule), late.promise]);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  #method(
    name: string,
    code: "INVALID_ARGUMENT" | "INVALID_CONFIG",
  ): (...args: unknown[]) => Promise<unknown> {
    const { object } = this.#parts;
    const method: unknown = Reflect.get(object, name);
    if (typeof method === "function") {
      return async (...args) => await (Reflect.apply(method, object, args) as unknown);
    }
    throw new ContainerError(
      code,
      `Cannot run a task: the class has no method ${shown(name)}; pass the name of one`,
    );
  }

  #of(callback: string | undefined, state: "live" | "dead"): Task[] {
    const tasks = this.#store.list(state);
    return callback === undefined ? tasks : tasks.filter((task) => task.callback === callback);
  }
}

/** Whether a task is still the one that was tried: one that takes its place was not tried yet. */
function isSameTry(tried: Task, stored: Task | undefined): boolean {
  return stored?.attempts === tried.attempts && stored.slotMs === tried.slotMs;
}

/** A method that is gone since a deploy does not come back by trying. */
function lastIfHopeless(task: Task, error: unknown): Task {
  const isHopeless = error instanceof ContainerError && error.code === "INVALID_CONFIG";
  return isHopeless ? { ...task, attempts: task.retry.attempts } : task;
}

function timeoutError({ callback, timeoutMs }: Task): ContainerError {
  return new ContainerError(
    "HOOK_FAILED",
    `Cannot wait for the task ${callback}: it did not return within ${timeoutMs} ms; raise its timeout`,
  );
}

function cutShort({ callback, attempts }: Task): ContainerError {
  return new ContainerError(
    "HOOK_FAILED",
    `Cannot run the task ${callback}: its object ended in each of ${attempts} tries; see listDeadLetters()`,
  );
}
