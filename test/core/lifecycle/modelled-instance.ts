import { shouldPersistActivity } from "../../../src/core/activity.ts";
import { countInFlight, idleAtMs, type Lease } from "../../../src/core/lease.ts";
import { alarmTime } from "../../../src/core/lifecycle/alarm-time.ts";
import type { Command } from "../../../src/core/lifecycle/command.ts";
import type { Happening, ObservedExit } from "../../../src/core/lifecycle/event.ts";
import { nextAlarm } from "../../../src/core/lifecycle/next-alarm.ts";
import { isLive, isUsable } from "../../../src/core/lifecycle/phase.ts";
import type { Policy } from "../../../src/core/lifecycle/policy.ts";
import {
  fromRunRecord,
  toRunRecord,
  type Instance,
} from "../../../src/core/lifecycle/run-record.ts";
import { momentOf, type Moment } from "./moment-of-history.ts";

const UNSEEN: ObservedExit = { exitCode: null, cause: "unknown" };
const SIGKILL = 9;

/** What an app is like. */
export interface App {
  /** How long it boots; `Infinity` for one that never gets ready. */
  readonly bootMs: number;
  /** How long it takes to end after SIGTERM; `Infinity` for one that ignores it. */
  readonly obeyMs: number;
  /** How long a run lasts that nobody ends; `Infinity` for one that does not end by itself. */
  readonly lifeMs: number;
  /** What the end of such a run looks like. */
  readonly exit: ObservedExit;
}

/** What the user and the platform do. */
export interface Character {
  readonly policy: Policy;
  readonly app: App;
  /** Whether hooks may fail or never return, starts be refused and `destroy()` be lost. */
  readonly fortune: "fair" | "foul";
  readonly seed: number;
}

/** What somebody does to the instance, and how long after the last such thing. */
export interface Move {
  readonly kind:
    "request" | "stop" | "kill" | "destroy" | "crash" | "platform-end" | "wedge" | "evict" | "wait";
  readonly waitMs: number;
}

/** A moment, with what the model knows beside it. */
export interface ModelledMoment extends Moment {
  readonly alarmAtMs: number | null;
  readonly lastActivityMs: number;
  readonly leases: number;
  /** Whether a container runs, once the commands are carried out. */
  readonly isRunning: boolean;
  /** Whether one ran when they were given. */
  readonly wasRunning: boolean;
}

interface Plan {
  readonly atMs: number;
  /** What is planned in memory is gone with the object. */
  readonly where: "memory" | "runtime";
  readonly act: () => void;
}

/** More events than any history has that does not spin. */
const MAX_EVENTS = 20_000;

/**
 * A small model of what surrounds the transition: one container, one object with leases and an
 * alarm, both as the platform documents them, in virtual time. Alarms come on time.
 */
export class ModelledInstance {
  readonly moments: ModelledMoment[] = [];
  readonly alarmsAtMs: number[] = [];
  readonly #character: Character;
  readonly #leases = new Set<Lease>();
  #instance: Instance;
  #nowMs: number;
  #lastActivityMs: number;
  #plans: Plan[] = [];
  #life = 0;
  #container: { readonly life: number } | undefined;
  #exit: ObservedExit = UNSEEN;
  #isAwake = true;
  #luck: number;

  constructor(character: Character, atMs: number) {
    this.#character = character;
    this.#luck = character.seed;
    this.#nowMs = atMs;
    this.#lastActivityMs = atMs;
    this.#instance = fromRunRecord(undefined, atMs);
  }

  get instance(): Instance {
    return this.#instance;
  }

  get isRunning(): boolean {
    return this.#container !== undefined;
  }

  /** Lets time pass, and what is planned happen in its order. */
  wait(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      const plan = this.#next();
      if (plan === undefined || plan.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, plan.atMs);
      this.#plans = this.#plans.filter((other) => other !== plan);
      plan.act();
    }
    this.#nowMs = untilMs;
  }

  play({ kind, waitMs }: Move): void {
    this.wait(waitMs);
    if (kind === "wait") return;
    if (kind === "evict") return this.#evict();
    if (kind === "crash") return this.#endContainer(this.#character.app.exit);
    if (kind === "platform-end") return this.#endContainer({ exitCode: 143, cause: "rollout" });
    this.#enter();
    const { phase } = this.#instance.lifecycle;
    if (kind === "request") return this.#request();
    if (kind === "destroy") return this.#happen({ kind: "destroy-requested" });
    const inFlight = this.#inFlight;
    if (kind === "wedge") {
      const silence = this.#chance(0.5) ? "hung" : "closed";
      return this.#happen({ kind: "wedged", run: phase.run, silence, inFlight });
    }
    const signal = kind === "kill" ? SIGKILL : 15;
    this.#happen({ kind: "stop-requested", signal, inFlight });
  }

  #request(): void {
    this.#touch();
    this.#happen({ kind: "start-requested" });
    const { phase } = this.#instance.lifecycle;
    if (!isUsable(phase)) return;
    const lease: Lease = { kind: "request", activeAtMs: this.#nowMs };
    this.#leases.add(lease);
    this.#prove();
    this.#plan("memory", this.#chance(0.6) ? 40 : 45_000, () => {
      this.#leases.delete(lease);
      this.#touch();
      const { kind, run } = this.#instance.lifecycle.phase;
      if (kind === "draining" && this.#inFlight === 0) this.#happen({ kind: "quiet", run });
    });
  }

  /** Somebody waits for the app, so it is probed. */
  #prove(): void {
    const { run, startedAtMs } = { startedAtMs: 0, ...this.#instance.lifecycle.phase };
    const readyAtMs = startedAtMs + this.#character.app.bootMs;
    const isThere = (): boolean => this.#container !== undefined;
    const tell = (kind: "up" | "ready"): void => {
      if (isThere()) this.#happen({ kind, run });
    };
    if (readyAtMs === Infinity) return this.#plan("memory", 300, () => tell("up"));
    const leftMs = Math.max(5, readyAtMs - this.#nowMs);
    if (this.#chance(0.5)) this.#plan("memory", leftMs / 2, () => tell("up"));
    this.#plan("memory", leftMs, () => tell("ready"));
  }

  #happen(happening: Happening): void {
    const { policy } = this.#character;
    const wasRunning = this.isRunning;
    const event = { ...happening, atMs: this.#nowMs };
    const moment = momentOf(this.#instance.lifecycle, event, policy);
    this.#keep({ lifecycle: moment.step.lifecycle });
    for (const command of moment.step.commands) this.#carryOut(command);
    this.moments.push({
      ...moment,
      alarmAtMs: this.#instance.alarmAtMs,
      lastActivityMs: this.#lastActivityMs,
      leases: this.#leases.size,
      isRunning: this.isRunning,
      wasRunning,
    });
    if (this.moments.length > MAX_EVENTS) throw new Error("The history spins");
  }

  #keep(changes: Partial<Instance>): void {
    const { policy } = this.#character;
    const instance = { ...this.#instance, ...changes, lastActivityMs: this.#lastActivityMs };
    const obligations = { policy, idleAtMs: this.#idleAtMs, otherDueAtMs: undefined };
    const dueAtMs = nextAlarm(instance.lifecycle, obligations, this.#nowMs);
    this.#instance = {
      ...instance,
      alarmAtMs: alarmTime(instance.alarmAtMs, dueAtMs, this.#nowMs),
    };
  }

  #carryOut(command: Command): void {
    const { run } = this.#instance.lifecycle.phase;
    switch (command.kind) {
      case "start":
        return this.#start(run);
      case "signal":
        return this.#signal(command.signal);
      case "destroy":
        if (!this.#isFoul(0.1)) this.#endLater(10, { exitCode: 137, cause: "signal" });
        return;
      case "watch-exit":
        return this.#watch(run);
      case "call-on-stop":
        return this.#tellStop(command.record.runId);
      case "call-activity-expired":
        return this.#expire(run);
      case "save":
        if (this.#isFoul(0.2)) return; // it never ends
        return this.#plan("memory", 500, () => this.#happen({ kind: "saved", run }));
      case "close-sockets":
      case "extend-life":
      case "call-on-start":
      case "report":
    }
  }

  #start(run: number): void {
    if (this.#isFoul(0.2)) {
      const reason = this.#chance(0.6) ? "capacity" : "failure";
      const random = this.#random();
      return this.#plan("memory", 50, () =>
        this.#happen({ kind: "start-refused", run, reason, random }),
      );
    }
    this.#life += 1;
    this.#container = { life: this.#life };
    const { lifeMs, exit } = this.#character.app;
    if (lifeMs !== Infinity) this.#endLater(lifeMs, exit);
  }

  #signal(signal: number): void {
    const { obeyMs } = this.#character.app;
    const endMs = signal === SIGKILL ? 10 : obeyMs;
    if (endMs !== Infinity) this.#endLater(endMs, { exitCode: 128 + signal, cause: "exit" });
  }

  #endLater(durationMs: number, exit: ObservedExit): void {
    const container = this.#container;
    this.#plan("runtime", durationMs, () => {
      if (container !== undefined && this.#container === container) this.#endContainer(exit);
    });
  }

  #endContainer(exit: ObservedExit): void {
    if (!this.isRunning) return;
    this.#container = undefined;
    this.#exit = exit;
    const { phase } = this.#instance.lifecycle;
    // Told at once where somebody watches, else at the next entry.
    const isWatched = this.#leases.size > 0 || phase.kind === "stopping";
    if (this.#isAwake && isWatched) this.#watch(phase.run);
  }

  #watch(run: number): void {
    const random = this.#random();
    const exit = this.#exit;
    if (this.isRunning) return;
    this.#plan("memory", 5, () => this.#happen({ kind: "exited", run, exit, random }));
  }

  #tellStop(runId: number): void {
    if (this.#isFoul(0.2)) return; // never returns
    const outcome = this.#isFoul(0.3) ? "failed" : "handled";
    this.#plan("memory", 1_500, () => this.#happen({ kind: "stop-delivered", runId, outcome }));
  }

  #expire(run: number): void {
    if (this.#isFoul(0.2)) return; // never returns
    const isKept = this.#isFoul(0.2);
    this.#plan("memory", 2_000, () => {
      const inFlight = this.#inFlight;
      if (!isKept) this.#happen({ kind: "stop-requested", signal: 15, inFlight });
      this.#touch();
      this.#happen({ kind: "expiry-handled", run });
    });
  }

  #evict(): void {
    this.#plans = this.#plans.filter(({ where }) => where === "runtime");
    this.#leases.clear();
    this.#isAwake = false;
  }

  /** What each request and each alarm begins with. */
  #enter(): void {
    if (!this.#isAwake) {
      this.#isAwake = true;
      this.#exit = UNSEEN;
      this.#instance = fromRunRecord(structuredClone(toRunRecord(this.#instance)), this.#nowMs);
      this.#lastActivityMs = this.#instance.lastActivityMs;
      this.#happen({ kind: "constructed", isRunning: this.isRunning });
    }
    if (isLive(this.#instance.lifecycle.phase) === this.isRunning) return;
    this.#happen({ kind: "observed", isRunning: this.isRunning });
  }

  #alarm(): void {
    this.alarmsAtMs.push(this.#nowMs);
    this.#instance = { ...this.#instance, alarmAtMs: null };
    this.#enter();
    this.#happen({ kind: "alarm", idleAtMs: this.#idleAtMs, inFlight: this.#inFlight });
  }

  #touch(): void {
    const { sleepAfterMs } = this.#character.policy;
    const persistedMs = this.#instance.lastActivityMs;
    this.#lastActivityMs = this.#nowMs;
    if (shouldPersistActivity(this.#nowMs, persistedMs, sleepAfterMs)) this.#keep({});
  }

  get #inFlight(): number {
    return countInFlight(this.#leases, this.#character.policy, this.#nowMs);
  }

  get #idleAtMs(): number {
    const { policy } = this.#character;
    const idleness = { lastActivityMs: this.#lastActivityMs, holds: {}, policy };
    return idleAtMs(this.#leases, idleness, this.#nowMs);
  }

  #next(): Plan | undefined {
    const { alarmAtMs } = this.#instance;
    const alarm: Plan[] =
      alarmAtMs === null ? [] : [{ atMs: alarmAtMs, where: "runtime", act: () => this.#alarm() }];
    return [...this.#plans, ...alarm].reduce<Plan | undefined>(
      (first, plan) => (first === undefined || plan.atMs < first.atMs ? plan : first),
      undefined,
    );
  }

  #plan(where: Plan["where"], durationMs: number, act: () => void): void {
    this.#plans.push({ atMs: this.#nowMs + durationMs, where, act });
  }

  #isFoul(share: number): boolean {
    return this.#character.fortune === "foul" && this.#chance(share);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  /** Numerical Recipes' linear congruential generator: enough for choices, and it replays. */
  #random(): number {
    this.#luck = (Math.imul(this.#luck, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#luck / 2 ** 32;
  }
}
