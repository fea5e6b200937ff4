import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { FakeEgress, type FakeInternet } from "./fake-egress.ts";
import { startFakeExec, type FakeExec } from "./fake-exec.ts";
import { FakeFaults } from "./fake-faults.ts";
import { FakePort, type FakeApp } from "./fake-port.ts";
import { exitEnding, FakeRun, type FakeEnding } from "./fake-run.ts";
import { FakeSnapshots } from "./fake-snapshots.ts";
import { checkStartOptions, missingSource, type StartSources } from "./fake-start-options.ts";
import type { FakeTcpServer } from "./fake-socket.ts";
import { systemClock } from "./system-clock.ts";

/** How a {@link FakeContainer} behaves. */
export interface FakeContainerOptions {
  /** Answers requests, as the server in the container would (default: 200 with an empty body). */
  readonly app?: FakeApp;
  /** The ports that the app listens to once it has booted (default: 8080). */
  readonly ports?: readonly number[];
  /** How long the platform takes to start it; first requests wait for that (default: 0). */
  readonly startMs?: number;
  /** How long the app takes from there until it listens (default: 0). */
  readonly bootMs?: number;
  /** What else must resolve before the app listens. */
  readonly boot?: () => Promise<unknown>;
  /** Makes the start fail: told by `monitor()` only, as the runtime does. */
  readonly startError?: () => Error | undefined;
  /** Signals that end the app, with its exit code; others are ignored (default: 15 → 0, 2 → 130). */
  readonly exitOn?: Readonly<Record<number, number>>;
  /** How long the app takes to end on a signal (default: 0). */
  readonly stopMs?: number;
  /** Serves raw connections to open ports (default: takes them and says nothing). */
  readonly tcp?: FakeTcpServer;
  /** Runs programs for `exec()` (default: there is none, as in an image from scratch). */
  readonly exec?: FakeExec;
  /** The images that `ctx.container.images` names (default: none). */
  readonly images?: Readonly<Record<string, string>>;
  /** Answers what the app sends to where nobody intercepts it (default: nothing is reached). */
  readonly internet?: FakeInternet;
  /** Whether the platform has an image to start (default: it has every one). */
  readonly hasImage?: (reference: string) => boolean;
  /** Where its snapshots are kept (default: a store of its own). */
  readonly snapshots?: FakeSnapshots;
  /** Whose time it is (default: the platform's). */
  readonly clock?: Clock;
}

/**
 * A `ctx.container` with no container behind it: it keeps the runtime's promises, words and
 * timing as measured on workerd, and does on command what containers do by themselves.
 *
 * @example
 * ```ts
 * const container = new FakeContainer({ app: () => new Response("hi"), bootMs: 50 });
 * container.start();
 * container.crash({ exitCode: 3 });
 * ```
 */
export class FakeContainer implements ContainerRuntime {
  /** The options of every `start()`. */
  readonly starts: (ContainerStartupOptions | undefined)[] = [];
  /** Every signal that was sent. */
  readonly signals: number[] = [];
  /** Every `setInactivityTimeout()`, in milliseconds. */
  readonly inactivityTimeouts: number[] = [];
  /** How often `destroy()` was called. */
  destroys = 0;
  /** How often `monitor()` was called. */
  monitors = 0;
  /** Requests that met a closed port. */
  probes = 0;
  /** Requests that the app was given. */
  requests = 0;
  /** What goes wrong with it on command. */
  readonly faults = new FakeFaults();
  /** Where the app's own requests go. */
  readonly egress: FakeEgress;
  /** What it keeps of its files. */
  readonly snapshots: FakeSnapshots;
  readonly images: Record<string, string>;
  readonly #options: FakeContainerOptions;
  readonly #clock: Clock;
  readonly #exitOn: Map<number, number>;
  readonly #sources: StartSources;
  #run: FakeRun | undefined;
  #startedAtMs = 0;
  #isHanging = false;
  #execs = 0;

  constructor(options: FakeContainerOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const exitOn = options.exitOn ?? { 2: 130, 15: 0 };
    this.#exitOn = new Map(Object.entries(exitOn).map(([n, code]) => [Number(n), code]));
    this.images = { ...options.images };
    this.egress = new FakeEgress({
      internet: options.internet,
      isInternetEnabled: () => this.starts.at(-1)?.enableInternet === true,
    });
    const { snapshots = new FakeSnapshots(), hasImage } = options;
    this.snapshots = snapshots;
    this.#sources = { hasImage, hasSnapshot: (id) => snapshots.has(id) };
  }

  get running(): boolean {
    return (this.#run?.isRunning ?? false) && !this.faults.isBlipping(this.#clock.now());
  }

  start(options?: ContainerStartupOptions): void {
    if (this.running) {
      throw new Error("start() cannot be called on a container that is already running.");
    }
    checkStartOptions(options);
    this.starts.push(options);
    this.#isHanging = false;
    const { startMs = 0, bootMs = 0, boot, startError } = this.#options;
    this.#startedAtMs = this.#clock.now() + startMs;
    const isDead = this.faults.takesDeadStart();
    const booting = isDead ? new Promise(() => {}) : boot?.();
    const run = new FakeRun(this.#clock, startMs + bootMs, booting);
    this.#run = run;
    const error =
      this.faults.takeRefusal() ?? startError?.() ?? missingSource(options, this.#sources);
    this.#exitByItself(run);
    if (error) void this.#wait(startMs).then(() => run.end({ error }));
  }

  async monitor(): Promise<void> {
    this.monitors += 1;
    if (!this.#run) throw notRunning("monitor");
    await this.faults.monitor();
    await this.#run.outcome();
  }

  async destroy(error?: unknown): Promise<void> {
    this.destroys += 1;
    await this.faults.destroy();
    this.#run?.destroy(error);
  }

  signal(signo: number): void {
    if (!Number.isInteger(signo) || signo < 1 || signo > 64) {
      throw new RangeError("Invalid signal number.");
    }
    const run = this.#run;
    if (!run?.isRunning) throw notRunning("signal");
    this.signals.push(signo);
    const exitCode = signo === 9 ? 137 : this.#exitOn.get(signo);
    if (exitCode === undefined) return;
    const takesMs = signo === 9 ? 0 : (this.#options.stopMs ?? 0);
    void this.#wait(takesMs).then(() => run.end(exitEnding(exitCode)));
  }

  getTcpPort(port: number): Fetcher {
    if (!(port > 0 && port < 65_536)) throw new TypeError(`Invalid port number: ${port}`);
    return new FakePort(port, {
      run: () => this.#run,
      started: () => this.#wait(this.#startedAtMs - this.#clock.now()),
      ports: this.#options.ports ?? [8080],
      isHanging: () => this.#isHanging,
      app: this.#options.app ?? (() => new Response()),
      tcp: this.#options.tcp ?? ((): void => {}),
      faults: this.faults,
      count: (what) => {
        this[what] += 1;
      },
    });
  }

  async setInactivityTimeout(durationMs: number | bigint): Promise<void> {
    if (durationMs <= 0) {
      throw new TypeError("setInactivityTimeout() cannot be called with a durationMs <= 0");
    }
    this.inactivityTimeouts.push(Number(durationMs));
  }

  async inspect(): Promise<ContainerInfo | null> {
    const { image, labels = {}, containerSnapshot } = this.starts.at(-1) ?? {};
    const { id } = containerSnapshot ?? {};
    const made = id === undefined ? "fake" : `workerd-container-snap-${id}`;
    return this.running ? { image: image ?? made, labels } : null;
  }

  async exec(argv: string[], options: ContainerExecOptions = {}): Promise<ExecProcess> {
    const run = this.#run;
    if (!run?.isRunning) throw notRunning("exec");
    if (argv.length === 0) throw new TypeError("exec() requires a non-empty command array.");
    options.signal?.throwIfAborted();
    await Promise.race([this.#wait(this.#startedAtMs - this.#clock.now()), run.ended]);
    if (!run.isRunning) throw notRunning("exec");
    const handler = this.#options.exec ?? (() => undefined);
    this.#execs += 1;
    return startFakeExec(run, handler, { argv, options, pid: 1 + this.#execs });
  }

  async snapshotContainer({ name }: ContainerSnapshotOptions = {}): Promise<ContainerSnapshot> {
    if (!this.running) throw notRunning("snapshotContainer");
    const { image, containerSnapshot } = this.starts.at(-1) ?? {};
    const { id = "" } = containerSnapshot ?? {};
    return await this.snapshots.take(image ?? this.snapshots.imageOf(id), name);
  }

  async interceptOutboundHttp(address: string, handler: Fetcher): Promise<void> {
    this.egress.intercept("http", address, handler);
  }

  async interceptOutboundHttps(address: string, handler: Fetcher): Promise<void> {
    this.egress.intercept("https", address, handler);
  }

  async interceptAllOutboundHttp(handler: Fetcher): Promise<void> {
    this.egress.interceptAll(handler);
  }

  /** Ends the app with a code other than 0. */
  crash(
    options: {
      readonly exitCode?: number;
      readonly isOutOfMemory?: boolean;
    } = {},
  ): void {
    const { isOutOfMemory = false, exitCode = isOutOfMemory ? 137 : 1 } = options;
    this.#end(exitEnding(exitCode, isOutOfMemory ? " (out of memory)" : ""));
  }

  /** Ends the app by itself, with code 0. */
  exit(): void {
    this.#end({});
  }

  /** Ends the run as a new version's rollout does. */
  rollout(): void {
    this.#end({ error: new Error(ROLLOUT) });
  }

  /** Ends the run in words of its own: what `monitor()` rejects with. */
  endWith(error: Error): void {
    this.#end({ error });
  }

  /** Ends the run unseen, as when the runtime loses it: afterwards it knows of no run at all. */
  forget(): void {
    this.#end({});
    this.#run = undefined;
  }

  /** From now on the app takes no notice of SIGTERM, as a process 1 without a handler. */
  ignoreSigterm(): void {
    this.#exitOn.delete(15);
  }

  /** From now on and until the next start the app lives and takes requests, but answers none. */
  wedge(): void {
    this.#isHanging = true;
  }

  /**
   * Ends the run as a platform that rolls out does: SIGTERM comes unasked, the app closes its ports
   * and finishes what it has, and ends after `graceMs`.
   */
  rolloutGracefully(graceMs: number): void {
    const run = this.#run;
    if (!run?.isRunning) throw new Error("Cannot roll out: the fake container is not running");
    for (const port of this.#options.ports ?? [8080]) run.setOpen(port, false);
    void this.#wait(graceMs).then(() => run.end({ error: new Error(ROLLOUT) }));
  }

  /** Opens or closes a port of the running app, until this run ends. */
  setPortOpen(port: number, isOpen: boolean): void {
    this.#run?.setOpen(port, isOpen);
  }

  #exitByItself(run: FakeRun): void {
    const exit = this.faults.exitAfterStart;
    if (exit === undefined) return;
    void this.#wait(exit.afterMs).then(() => run.end(exitEnding(exit.exitCode)));
  }

  async #wait(durationMs: number): Promise<void> {
    if (durationMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, durationMs);
    });
  }

  #end(ending: FakeEnding): void {
    if (!this.#run?.isRunning) throw new Error("Cannot end the fake container: it is not running");
    this.#run.end(ending);
  }
}

const ROLLOUT = "Runtime signalled the container to exit due to a new version rollout: 0";

function notRunning(method: string): Error {
  return new Error(`${method}() cannot be called on a container that is not running.`);
}
