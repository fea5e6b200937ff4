import { shouldPersistActivity } from "../core/activity.ts";
import { idleAtMs, type Lease, type LeaseKind } from "../core/lease.ts";
import type { Happening } from "../core/lifecycle/event.ts";
import { endingDeadlineMs } from "../core/lifecycle/deadlines.ts";
import { nextAlarm } from "../core/lifecycle/next-alarm.ts";
import { isEnding, isLive, isUsable, type Lifecycle, type Phase } from "../core/lifecycle/phase.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import type { Instance } from "../core/lifecycle/run-record.ts";
import { isToldToEnd } from "../core/lifecycle/told-to-end.ts";
import { transition } from "../core/lifecycle/transition.ts";
import { CommandRunner } from "./command-runner.ts";
import { ExitWatch, type Ending } from "./exit-watch.ts";
import { HookRunner, type HookOutcome } from "./hook-runner.ts";
import { InstanceStore } from "./instance-store.ts";
import { LeaseBook } from "./lease-book.ts";
import { PlatformControl } from "./platform-control.ts";
import { sleep } from "./sleep.ts";
import type { SupervisorParts } from "./supervisor-parts.ts";

/** How long a container may look gone before its end is taken for granted, unseen. */
const GONE_GRACE_MS = 1_000;

// The end of a container shows a moment later than the break of its connections.
const SUSPICION_MS = 250;

// How long a caller of `destroy()` waits; the alarm sees to it after that.
const DESTROY_WAIT_MS = 10_000;

/** An alarm that comes later than this says more of the clock than of what it was set for. */
const LATE_MS = 60_000;

/**
 * Turns what happens to one instance into events, keeps what the transition decides, and has done
 * what it commands. Decides nothing itself.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #hooks: HookRunner;
  readonly #exits: ExitWatch;
  readonly #store: InstanceStore;
  readonly #commands: CommandRunner;
  readonly #leases: LeaseBook;
  #policy: Policy | undefined;
  #toldToEnd = 0;
  #lastActivityMs: number;

  constructor(parts: SupervisorParts) {
    const { platform, host } = parts;
    this.#parts = parts;
    const control = new PlatformControl(platform, host.report);
    this.#leases = new LeaseBook(platform.clock);
    this.#hooks = new HookRunner(host, platform);
    this.#exits = new ExitWatch(platform.runtime, {
      onEnding: (ending) => this.dispatch({ ...ending, random: platform.random() }),
      report: host.report,
    });
    this.#commands = new CommandRunner({
      ...parts,
      control,
      hooks: this.#hooks,
      exits: this.#exits,
      supervisor: this,
    });
    this.#store = new InstanceStore(platform, control);
    this.#lastActivityMs = this.#store.current.lastActivityMs;
  }

  /** The instance as it was last written down. */
  get instance(): Instance {
    return this.#store.current;
  }

  /** What is believed of the instance. */
  get lifecycle(): Lifecycle {
    return this.instance.lifecycle;
  }

  /** The phase the instance is in. */
  get phase(): Phase {
    return this.lifecycle.phase;
  }

  /** The settings of the class as they are now. */
  get policy(): Policy {
    return this.#parts.host.settings.policy();
  }

  /** Resolves when the current run's `onStart` has returned; at once when none is under way. */
  get startHook(): Promise<unknown> {
    return this.#hooks.starting;
  }

  /** The leases that are open. */
  get leases(): ReadonlySet<Lease> {
    return this.#leases.open;
  }

  /** How many requests, bodies and sockets the container has now. */
  get inFlight(): number {
    return this.#leases.inFlight(this.policy);
  }

  /** Takes up what the last object in memory left. Call it once, when the class is complete. */
  construct(): void {
    this.#policy = this.policy;
    this.dispatch({ kind: "constructed", isRunning: this.#parts.platform.runtime.running });
  }

  /** Feeds what happened just now through the transition, writes the outcome down, then acts. */
  dispatch(happening: Happening): void {
    const event = { ...happening, atMs: this.#now() };
    if (event.kind === "start-requested") this.#lastActivityMs = event.atMs;
    const step = transition(this.lifecycle, event, this.policy);
    this.keep({ lifecycle: step.lifecycle });
    if (isToldToEnd(this.phase, event.kind)) this.#toldToEnd = this.phase.run;
    for (const command of step.commands) this.#commands.run(command, this.phase.run);
  }

  /** Makes belief and runtime agree before anything is decided: one that is gone is stopped. */
  async reconcile(): Promise<Phase> {
    const { runtime } = this.#parts.platform;
    this.#endInTime();
    if (isLive(this.phase) !== runtime.running) {
      this.dispatch({ kind: "observed", isRunning: runtime.running });
      if (isLive(this.phase) && !runtime.running) await this.#settle(this.phase.run, GONE_GRACE_MS);
    }
    this.#parts.onReconciled();
    return this.phase;
  }

  /** Looks after the container a moment later, because a connection to it broke. */
  suspect(): void {
    const { clock, keepAlive } = this.#parts.platform;
    keepAlive(sleep(clock, SUSPICION_MS).then(() => this.reconcile()));
  }

  /** Asks the container to end, if there is one, once what is in flight has ended. */
  async stop(signal: number): Promise<void> {
    await this.reconcile();
    this.dispatch({ kind: "stop-requested", signal, inFlight: this.inFlight });
  }

  /** Ends the container and waits for that. Never for ever: the alarm destroys it again. */
  async destroy(): Promise<void> {
    const phase = await this.reconcile();
    if (!isLive(phase)) return;
    this.dispatch({ kind: "destroy-requested" });
    await this.#settle(phase.run, DESTROY_WAIT_MS);
  }

  /** Waits for the end of a run, however long that takes, also one that nobody tells of. */
  async ended(run: number): Promise<void> {
    let how: "answered" | "silent" = "silent";
    while (isLive(this.phase) && this.phase.run === run) {
      // A runtime that answers at once, and nothing of use, is not asked again in the same breath.
      if (how === "answered") await sleep(this.#parts.platform.clock, SUSPICION_MS);
      how = await this.#settle(run, GONE_GRACE_MS);
      this.#endInTime();
    }
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
    if (!isUsable(this.phase)) return;
    const { policy } = this;
    const isOld = policy !== this.#policy; // the class changed its mind: the alarm may be too late
    const { lastActivityMs } = this.instance;
    if (!isOld && !shouldPersistActivity(nowMs, lastActivityMs, policy.sleepAfterMs)) return;
    this.#policy = policy;
    try {
      this.keep({});
    } catch (error) {
      return this.#parts.host.report(error); // no request fails because its moment is not written
    }
    this.#commands.run({ kind: "extend-life" }, this.phase.run);
  }

  /** Opens a lease: the instance is busy until it is closed or its deadline passes. */
  openLease(kind: LeaseKind, ttlMs?: number): Lease {
    this.touch();
    if (this.#leases.open.size === 0) this.#parts.onBusy();
    return this.#leases.add(kind, ttlMs);
  }

  /** Notes a sign of life of one lease, and what it stands for from now on. */
  renewLease(lease: Lease, kind: LeaseKind = lease.kind): void {
    this.touch();
    lease.kind = kind;
    lease.activeAtMs = this.#lastActivityMs;
  }

  /** Closes a lease; its end is activity, so the idle time starts now. */
  closeLease(lease: Lease): void {
    if (!this.#leases.remove(lease)) return;
    this.touch();
    if (this.#leases.open.size === 0) this.#parts.onIdle();
    const { kind, run } = this.phase;
    if (kind === "draining" && this.inFlight === 0) this.dispatch({ kind: "quiet", run });
  }

  /** Notes that the alarm has come. One that is very late says nothing of what is in flight. */
  takeAlarm(): void {
    const dueAtMs = this.#store.takeAlarm();
    const lateMs = this.#now() - (dueAtMs ?? Infinity);
    if (lateMs > LATE_MS) this.#leases.forgive(lateMs);
  }

  /** Evaluates every deadline by the present time. */
  evaluate(): void {
    this.dispatch({ kind: "alarm", idleAtMs: this.idleAtMs(this.#now()), inFlight: this.inFlight });
  }

  /** Calls the hook for the user's own alarm. */
  callAlarmHook(): Promise<HookOutcome> {
    return this.#hooks.onAlarm();
  }

  /** Writes what changed down and sets the alarm, before anything is done about it. Never waits. */
  keep(changes: Partial<Instance>): void {
    const lastActivityMs = this.#lastActivityMs;
    const busyMs = (changes.busyMs ?? this.instance.busyMs) + this.#leases.takeBusyMs();
    this.#store.keep({ ...changes, lastActivityMs, busyMs }, this.#dueAtMs(changes));
  }

  /** A task has ended: the alarm that was set lest the object died with it is not kept. */
  rearm(): void {
    this.#store.rearm(this.#dueAtMs({}));
  }

  /** Says what holds the instance awake, by name and end. */
  hold(holds: Readonly<Record<string, number>>): void {
    this.#lastActivityMs = this.#now();
    this.keep({ holds });
    if (isUsable(this.phase)) this.#commands.run({ kind: "extend-life" }, this.phase.run);
  }

  /** Has the alarm come at `atMs` at the latest. */
  wakeBy(atMs: number): void {
    this.#store.wakeBy(atMs);
  }

  /** When the instance is idle for too long, if nothing more happens. */
  idleAtMs(nowMs: number, holds: Readonly<Record<string, number>> = this.instance.holds): number {
    const terms = { lastActivityMs: this.#lastActivityMs, holds, policy: this.policy };
    return idleAtMs(this.#leases.open, terms, nowMs);
  }

  /** When the object has to be woken next. */
  #dueAtMs(changes: Partial<Instance>): number | undefined {
    const nowMs = this.#now();
    const { lifecycle, userAlarmAtMs, holds } = { ...this.instance, ...changes };
    const taskDueAtMs = this.#parts.tasks.nextDueAtMs() ?? Infinity;
    const otherDueAtMs = Math.min(taskDueAtMs, userAlarmAtMs ?? Infinity);
    const atMs = this.idleAtMs(nowMs, holds);
    return nextAlarm(lifecycle, { policy: this.policy, idleAtMs: atMs, otherDueAtMs }, nowMs);
  }

  /** An alarm can be lost: while the object is in memory, what ends does so by the time alone. */
  #endInTime(): void {
    if (isEnding(this.phase) && endingDeadlineMs(this.phase) <= this.#now()) this.evaluate();
  }

  /**
   * Waits until the end of a run is known, or must be taken for granted.
   *
   * @returns whether the runtime answered, with whatever, or let the time pass
   */
  async #settle(run: number, graceMs: number): Promise<"answered" | "silent"> {
    const { clock, runtime, random } = this.#parts.platform;
    const answered = new AbortController();
    const isLong = !runtime.running || graceMs > GONE_GRACE_MS; // else its exit is told in a moment
    const watch = this.#exits.watch(run).then(() => "answered" as const);
    const how = await Promise.race([
      watch,
      sleep(clock, graceMs, answered.signal).then(() => "silent" as const),
    ]);
    answered.abort();
    if (isLong && this.phase.run === run && isLive(this.phase) && !runtime.running) {
      const exit = { exitCode: null, cause: "unknown" } as const;
      this.dispatch({ kind: "exited", run, exit, random: random() });
    }
    return how;
  }

  #now(): number {
    return this.#parts.platform.clock.now();
  }
}
