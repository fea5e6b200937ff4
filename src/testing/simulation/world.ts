import { parseDuration, type Duration } from "../../core/duration.ts";
import type { FakeInternet } from "../fake-egress.ts";
import { codeScopes, type CodeScopes } from "./code-scopes.ts";
import { ForeignIo } from "./foreign-io.ts";
import type { Incarnation } from "./incarnation.ts";
import type { CriticalSection } from "./input-gate.ts";
import { ObjectIds } from "./object-id.ts";
import { openWorld, setOpenWorld } from "./open-world.ts";
import { Pending } from "./pending.ts";
import { drain, Scheduler, type EventOwner, type LatencyRange } from "./scheduler.ts";
import { seededRandom } from "./seeded-random.ts";
import { Trace, type TraceOption } from "./trace.ts";
import { closedError, foreignError, patienceError } from "./world-errors.ts";
import { installVirtualGlobals } from "./virtual-globals.ts";

/** How long operations take in a world, each drawn from a range by the seed. */
export interface Latencies {
  /** An asynchronous storage operation (default: 0 to 1 ms). */
  readonly storageMs?: LatencyRange;
  /** A call of a stub, one way (default: 0 to 2 ms). */
  readonly stubMs?: LatencyRange;
  /** A call of `ctx.container` (default: 0 to 2 ms). */
  readonly containerMs?: LatencyRange;
}

/** How a world is made. */
export interface WorldOptions {
  /** Decides everything that is left to chance (default: 1). */
  readonly seed?: number;
  /** The time at first, in milliseconds since the epoch (default: 2026-01-01). */
  readonly epochMs?: number;
  /** Lets code under simulation await what is not simulated (default: false). */
  readonly allowIo?: boolean;
  /** Answers every `fetch()` of the code under simulation (default: none may be made). */
  readonly internet?: FakeInternet;
  readonly latency?: Latencies;
  /** How much of the trace is kept (default: the last 10,000 lines). */
  readonly trace?: TraceOption;
  /** How long a call may take in virtual time (default: 24 h). */
  readonly patience?: Duration;
}

/** What counts time in a world. */
export interface TimeKeeper {
  /** Time moved on from one moment to another, with nothing happening in between. */
  onTime(fromMs: number, toMs: number): void;
}

/** A clock, a seed, and what happens by them. One world at a time has the globals. */
export class World {
  readonly seed: number;
  readonly random: () => number;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  /** What event listeners threw, as the platform would have logged it. */
  readonly errors: unknown[] = [];
  readonly latency: Required<Latencies>;
  readonly options: WorldOptions;
  readonly #scopes: CodeScopes;
  readonly #keepers = new Set<TimeKeeper>();
  readonly #observers = new Set<() => void>();
  readonly #closers: (() => void)[] = [];
  readonly #foreign = new ForeignIo();
  readonly #patienceMs: number;
  readonly #restore: () => void;
  #serial = 0;
  #namespaces = 0;
  #pump: Promise<void> = Promise.resolve();
  #isClosed = false;
  #real = 0;

  constructor(options: WorldOptions = {}) {
    openWorld()?.close();
    const { seed = 1, epochMs = Date.UTC(2026, 0, 1), latency, patience = "24h" } = options;
    this.options = options;
    this.seed = seed;
    this.random = seededRandom(seed);
    this.scheduler = new Scheduler(epochMs, this.random);
    this.trace = new Trace(epochMs, options.trace);
    this.latency = { storageMs: [0, 1], stubMs: [0, 2], containerMs: [0, 2], ...latency };
    this.#patienceMs = parseDuration(patience, "patience");
    this.#scopes = codeScopes();
    this.#restore = installVirtualGlobals(this, foreignError);
    setOpenWorld(this);
  }

  get nowMs(): number {
    return this.scheduler.now();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The life whose code runs now; undefined in a test's own. */
  get current(): Incarnation | undefined {
    const life = this.#scopes.getStore()?.life;
    return life?.world === this ? life : undefined;
  }

  /** The critical section whose code runs now. */
  get section(): CriticalSection | undefined {
    return this.#scopes.getStore()?.section;
  }

  /** Whether code runs that a closed world left behind. Nothing that it does happens here. */
  get isForeign(): boolean {
    const life = this.#scopes.getStore()?.life;
    return life !== undefined && life.world !== this;
  }

  /** Has `work` done when the world is closed. */
  onClose(work: () => void): void {
    this.#closers.push(work);
  }

  /** Runs code of a life. */
  enter<Result>(life: Incarnation, work: () => Result): Result {
    return this.#scopes.run({ life, section: undefined }, work);
  }

  /** Runs code of a life in a critical section of it. */
  enterSection<Result>(life: Incarnation, section: CriticalSection, work: () => Result): Result {
    return this.#scopes.run({ life, section }, work);
  }

  /** Lets an event reach code of a life that began to wait for it in a section, when it may. */
  reach(life: Incarnation, section: CriticalSection | undefined, work: () => void): void {
    life.gate.pass(section, () => this.#scopes.run({ life, section }, work));
  }

  /** Runs code of no life, such as an app's in its container. */
  leave<Result>(work: () => Result): Result {
    return this.#scopes.run(undefined, work);
  }

  /** A number that nobody else has. */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** Has something happen at this moment, in a turn of its own. */
  soon(work: () => void, owner?: EventOwner): void {
    this.scheduler.at(this.nowMs, work, owner);
  }

  /** Notes what nobody caught. */
  uncaught(error: unknown): void {
    if (this.current?.isDead !== true) this.errors.push(error);
  }

  /** The ids of one more namespace. */
  newIds(className: string): ObjectIds {
    this.#namespaces += 1;
    return new ObjectIds(`${className} ${this.#namespaces}`);
  }

  /** Has somebody count the time. */
  keepTime(keeper: TimeKeeper): void {
    this.#keepers.add(keeper);
  }

  /** Has `observe` called after each event. */
  afterEach(observe: () => void): void {
    this.#observers.add(observe);
  }

  /** Resolves after so much virtual time. Belongs to no object: for what is outside of them. */
  delay(durationMs: number): Promise<void> {
    return this.scheduler.latency([durationMs, durationMs]);
  }

  /** Moves time on. */
  advance(duration: Duration): Pending<void> {
    const durationMs = parseDuration(duration, "duration");
    return this.drive(async () => {
      await this.#moveTo(this.nowMs + durationMs);
    });
  }

  /** Lets everything happen that is due now. */
  settle(): Pending<void> {
    return this.drive(async () => {
      await this.#moveTo(this.nowMs);
    });
  }

  /** Starts an operation now; time moves for it once somebody waits for its outcome. */
  run<Result>(operation: () => Promise<Result>): Pending<Result> {
    this.#check();
    let isSettled = false;
    const outcome = operation().finally(() => {
      isSettled = true;
    });
    outcome.catch(() => {}); // told to whoever waits
    return new Pending(async () => {
      await this.#exclusively(() => this.#pumpUntil(() => isSettled));
      return await outcome;
    });
  }

  /** Does something with the world's time, once somebody waits for it. */
  drive<Result>(work: () => Promise<Result>): Pending<Result> {
    this.#check();
    return new Pending(() => this.#exclusively(work));
  }

  /** Waits for a computation of the engine's own before time moves: it is no I/O. */
  async compute<Result>(work: Promise<Result>): Promise<Result> {
    this.#real += 1;
    try {
      return await work;
    } finally {
      this.#real -= 1;
    }
  }

  /** Gives the globals back. What is under way stays where it is. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const close of this.#closers) close();
    this.#restore();
    if (openWorld() === this) setOpenWorld(undefined);
  }

  /** Only one moves the time at once: whoever comes meanwhile waits for its turn. */
  async #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#pump;
    const turn = Promise.withResolvers<void>();
    this.#pump = turn.promise;
    await before;
    try {
      return await work();
    } finally {
      turn.resolve();
    }
  }

  async #pumpUntil(isSettled: () => boolean): Promise<void> {
    const untilMs = this.nowMs + this.#patienceMs;
    for (;;) {
      await this.#drain();
      if (isSettled() || this.#isClosed) return;
      const nextAtMs = this.scheduler.nextAtMs;
      if (nextAtMs === undefined && this.options.allowIo !== true) {
        throw foreignError(this.#foreign.find() ?? "something that is not simulated");
      }
      if (nextAtMs === undefined || this.#isWaitingForIo(nextAtMs)) continue;
      if (nextAtMs > untilMs) throw patienceError(this.#patienceMs);
      this.#step(nextAtMs);
    }
  }

  async #moveTo(untilMs: number): Promise<void> {
    for (;;) {
      await this.#drain();
      const nextAtMs = this.scheduler.nextAtMs;
      if (this.#isClosed) return;
      if (this.#isWaitingForIo(nextAtMs ?? untilMs)) continue;
      if (nextAtMs === undefined || nextAtMs > untilMs) break;
      this.#step(nextAtMs);
    }
    this.#count(untilMs);
    this.scheduler.moveTo(untilMs);
  }

  #step(atMs: number): void {
    this.#count(atMs);
    this.scheduler.step();
    for (const observe of this.#observers) observe();
  }

  /**
   * Time must not move while real I/O is under way: where it ends would be left to chance. Where it
   * is allowed, time stands still until it is over.
   */
  #isWaitingForIo(nextAtMs: number): boolean {
    if (nextAtMs <= this.nowMs) return false;
    if (this.options.allowIo === true) return this.#foreign.hasRequest();
    const found = this.#foreign.find();
    if (found !== undefined) throw foreignError(`I/O of the real platform (${found})`);
    return false;
  }

  #count(toMs: number): void {
    const fromMs = this.nowMs;
    if (toMs > fromMs) for (const keeper of this.#keepers) keeper.onTime(fromMs, toMs);
  }

  async #drain(): Promise<void> {
    do await drain();
    while (this.#real > 0);
  }

  #check(): void {
    if (this.#isClosed) throw closedError();
  }
}
