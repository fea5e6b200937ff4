import { shouldPersistActivity } from "../core/activity.ts";
import { idleAtMs, type Lease, type LeaseKind } from "../core/lease.ts";
import type { Command } from "../core/lifecycle/command.ts";
import type { Happening } from "../core/lifecycle/event.ts";
import { nextAlarm } from "../core/lifecycle/next-alarm.ts";
import { isLive, type Lifecycle, type Phase } from "../core/lifecycle/phase.ts";
import {
  fromRunRecord,
  RUN_RECORD_KEY,
  toRunRecord,
  type Instance,
  type RunRecord,
} from "../core/lifecycle/run-record.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import { transition } from "../core/lifecycle/transition.ts";
import type { Platform } from "../ports/platform.ts";
import { ExitWatch, type Ending } from "./exit-watch.ts";
import { HookRunner } from "./hook-runner.ts";
import type { Host } from "./host.ts";
import { PlatformControl } from "./platform-control.ts";
import type { ScheduleTable } from "./schedule-table.ts";
import { sleep } from "./sleep.ts";

/** How long a container may look gone before its end is taken for granted, unseen. */
const GONE_GRACE_MS = 1_000;

/** After a broken connection: the end of a container shows a moment later than its sockets'. */
const SUSPICION_MS = 250;

/** How long a caller of `destroy()` waits; the alarm sees to it after that. */
const DESTROY_WAIT_MS = 10_000;

/**
 * Turns what happens to one instance into events, keeps what the transition decides, and does what
 * it commands. Decides nothing itself.
 */
export class Supervisor {
  readonly #platform: Platform;
  readonly #host: Host;
  readonly #tasks: ScheduleTable;
  readonly #hooks: HookRunner;
  readonly #exits: ExitWatch;
  readonly #control: PlatformControl;
  readonly #leases = new Set<Lease>(); // gone with the object, as what they stand for
  #instance: Instance;
  #policy: Policy | undefined;
  #toldToEnd = 0;
  #lastActivityMs: number;

  constructor(platform: Platform, host: Host, tasks: ScheduleTable) {
    this.#platform = platform;
    this.#host = host;
    this.#tasks = tasks;
    this.#hooks = new HookRunner(host, (work) => platform.keepAlive(work));
    this.#control = new PlatformControl(platform, (error) => host.report(error));
    this.#exits = new ExitWatch(platform.runtime, (ending) => this.dispatch(ending));
    const record = platform.storage.kv.get<RunRecord>(RUN_RECORD_KEY);
    this.#instance = fromRunRecord(record, this.#now());
    this.#lastActivityMs = this.#instance.lastActivityMs;
  }

  /** What is believed of the instance. */
  get lifecycle(): Lifecycle {
    return this.#instance.lifecycle;
  }

  /** The phase the instance is in. */
  get phase(): Phase {
    return this.#instance.lifecycle.phase;
  }

  /** Resolves when the current run's `onStart` has returned; at once when none is under way. */
  get startHook(): Promise<void> {
    return this.#hooks.starting;
  }

  /** Takes up what the last object in memory left. Call it once, when the class is complete. */
  construct(): void {
    this.#policy = this.#host.settings.policy();
    this.dispatch({ kind: "constructed", isRunning: this.#platform.runtime.running });
  }

  /** Feeds what happened just now through the transition, writes the outcome down, then acts. */
  dispatch(happening: Happening): void {
    const event = { ...happening, atMs: this.#now() };
    const step = transition(this.lifecycle, event, this.#host.settings.policy());
    this.#keep(step.lifecycle);
    if (this.phase.kind === "stopping") this.#toldToEnd = this.phase.run;
    for (const command of step.commands) this.#execute(command);
  }

  /**
   * Makes belief and runtime agree before anything is decided.
   *
   * @returns the phase, in which a container that is gone counts as stopped
   */
  async reconcile(): Promise<Phase> {
    const { runtime } = this.#platform;
    if (isLive(this.phase) !== runtime.running) {
      this.dispatch({ kind: "observed", isRunning: runtime.running });
      if (isLive(this.phase) && !runtime.running) await this.#settle(this.phase.run, GONE_GRACE_MS);
    }
    return this.phase;
  }

  /** Looks after the container a moment later, because a connection to it broke. */
  suspect(): void {
    const { clock } = this.#platform;
    this.#platform.keepAlive(sleep(clock, SUSPICION_MS).then(() => this.reconcile()));
  }

  /** Asks the container to end, if there is one. */
  async stop(signal: number): Promise<void> {
    await this.reconcile();
    this.dispatch({ kind: "stop-requested", signal });
  }

  /** Ends the container and waits for that. Never for ever: the alarm destroys it again. */
  async destroy(): Promise<void> {
    const phase = await this.reconcile();
    if (!isLive(phase)) return;
    this.dispatch({ kind: "destroy-requested" });
    await this.#settle(phase.run, DESTROY_WAIT_MS);
  }

  /** Waits until the end of a run is known, or must be taken for granted. */
  async #settle(run: number, graceMs: number): Promise<void> {
    const { clock, runtime } = this.#platform;
    const settled = new AbortController();
    await Promise.race([
      this.#exits.watch(run).finally(() => settled.abort()),
      sleep(clock, graceMs, settled.signal),
    ]);
    settled.abort();
    if (this.phase.run !== run || runtime.running) return;
    const exit = { exitCode: null, cause: "unknown" } as const;
    this.dispatch({ kind: "exited", run, exit });
  }

  /** Waits for the end of a run, however long that takes. */
  async ended(run: number): Promise<void> {
    await this.#exits.watch(run);
  }

  /** How the last run that ended did so, with the runtime's error where it gave one. */
  get lastEnding(): Ending | undefined {
    return this.#exits.last;
  }

  /** Whether a run was told to end: nothing that it cut short may start another. */
  isToldToEnd(run: number): boolean {
    return this.#toldToEnd === run;
  }

  /** Notes a sign of life; what is persisted follows in coarse steps. */
  touch(): void {
    const nowMs = this.#now();
    this.#lastActivityMs = nowMs;
    if (!isLive(this.phase)) return;
    const policy = this.#host.settings.policy();
    const isOld = policy !== this.#policy; // the class changed its mind: the alarm may be too late
    const { lastActivityMs } = this.#instance;
    if (!isOld && !shouldPersistActivity(nowMs, lastActivityMs, policy.sleepAfterMs)) return;
    this.#policy = policy;
    this.#keep(this.lifecycle);
    this.#execute({ kind: "extend-life" });
  }

  /** Opens a lease: the instance is busy until it is closed or its deadline passes. */
  openLease(kind: LeaseKind): Lease {
    this.touch();
    const lease = { kind, activeAtMs: this.#lastActivityMs };
    this.#leases.add(lease);
    return lease;
  }

  /** Notes a sign of life of one lease, and what it stands for from now on. */
  renewLease(lease: Lease, kind: LeaseKind = lease.kind): void {
    this.touch();
    lease.kind = kind;
    lease.activeAtMs = this.#lastActivityMs;
  }

  /** Closes a lease; its end is activity, so the idle time starts now. */
  closeLease(lease: Lease): void {
    if (this.#leases.delete(lease)) this.touch();
  }

  /** Does what is due: scheduled tasks, hooks to repeat, the idle stop, the kill after the grace. */
  async alarm(): Promise<void> {
    this.#instance = { ...this.#instance, alarmAtMs: null };
    await this.reconcile();
    const atMs = this.#now();
    this.#platform.keepAlive(this.#tasks.runDue(atMs, (result) => this.#afterTask(result)));
    this.dispatch({ kind: "alarm", idleAtMs: this.#idleAtMs(atMs) });
  }

  /** Re-arms the alarm after the schedule changed. */
  rearm(): void {
    this.#keep(this.lifecycle);
  }

  /** Has the alarm fire within `delayMs` at the latest. */
  wakeWithin(delayMs: number): void {
    const alarmAtMs = this.#control.arm(this.#instance.alarmAtMs, this.#now() + delayMs);
    this.#instance = { ...this.#instance, alarmAtMs };
  }

  #now(): number {
    return this.#platform.clock.now();
  }

  #idleAtMs(nowMs: number): number {
    const { sleepAfterMs } = this.#host.settings.policy();
    return idleAtMs(this.#leases, { lastActivityMs: this.#lastActivityMs, sleepAfterMs }, nowMs);
  }

  /** Writes the instance down and sets the alarm, before anything is done about it. Never waits. */
  #keep(lifecycle: Lifecycle): void {
    const nowMs = this.#now();
    const before = this.#instance;
    const dueAtMs = nextAlarm(
      lifecycle,
      { idleAtMs: this.#idleAtMs(nowMs), taskDueAtMs: this.#tasks.nextDueAtMs() },
      nowMs,
    );
    const alarmAtMs = this.#control.arm(before.alarmAtMs, dueAtMs);
    const lastActivityMs = this.#lastActivityMs;
    this.#instance = { lifecycle, alarmAtMs, lastActivityMs };
    const isSame =
      lifecycle === before.lifecycle &&
      alarmAtMs === before.alarmAtMs &&
      lastActivityMs === before.lastActivityMs;
    if (!isSame) this.#platform.storage.kv.put(RUN_RECORD_KEY, toRunRecord(this.#instance));
  }

  #execute(command: Command): void {
    const { run } = this.phase;
    switch (command.kind) {
      case "start":
        return this.#start(run);
      case "signal":
        return this.#control.signal(command.signal);
      case "destroy":
        return this.#control.destroy();
      case "watch-exit":
        return void this.ended(run).catch((error: unknown) => this.#host.report(error));
      case "extend-life":
        return this.#control.extendLife(this.#host.settings.policy(), () => this.ended(run));
      case "call-on-start":
        return this.#hooks.onStart(run);
      case "call-on-stop":
        return this.#hooks.onStop(command.record, (outcome) => {
          const { runId } = command.record;
          this.dispatch({ kind: "stop-delivered", runId, outcome });
        });
      case "call-activity-expired":
        return this.#hooks.onActivityExpired(run, () => {
          this.touch();
          this.dispatch({ kind: "expiry-handled", run });
        });
      case "report-lost-stop":
        return this.#host.report(
          new Error(`Gave up onStop for run ${command.record.runId}: it kept throwing`),
        );
    }
  }

  #start(run: number): void {
    this.#lastActivityMs = this.#now();
    try {
      this.#platform.runtime.start(this.#host.settings.startOptions());
    } catch (error) {
      this.#exits.refuse(run, error);
    }
  }

  #afterTask(result: PromiseSettledResult<void>): void {
    if (result.status === "rejected") this.#host.report(result.reason);
    this.rearm();
  }
}
