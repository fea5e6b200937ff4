import { backoffMs } from "../core/backoff.ts";
import { isLive } from "../core/lifecycle/phase.ts";
import { ContainerError } from "../errors/container-error.ts";
import { classifyRuntimeError, toContainerError } from "../errors/from-runtime.ts";
import { CAPACITY_CODES, type ContainerErrorCode } from "../errors/codes.ts";
import type { Platform } from "../ports/platform.ts";
import type { Ending } from "./exit-watch.ts";
import { probePort } from "./probe-port.ts";
import { SharedTask, type Patience } from "./shared-task.ts";
import { sleep } from "./sleep.ts";
import type { Supervisor } from "./supervisor.ts";

/** How long one caller waits for an instance and for its ports. */
export interface WaitBudget {
  readonly signal?: AbortSignal | undefined;
  /** Until the platform has given an instance, in milliseconds. */
  readonly instanceTimeoutMs?: number | undefined;
  /** For instance and ports together, in milliseconds. */
  readonly readyTimeoutMs?: number | undefined;
}

/** What probes are aimed at, read anew for each. */
export interface ProbeSettings {
  /** Host and path asked for. */
  readonly pingEndpoint: string;
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
}

/** Probed to see whether the container is up when the class names no port. */
const UNNAMED_PORT = 33;

/** Time for an instance when the caller set none. Starts are throttled for longer than 8 s. */
const INSTANCE_TIMEOUT_MS = 30_000;

/** Time for instance and ports together when the caller set none. */
const READY_TIMEOUT_MS = 60_000;

/** Key of the gate that waits for the container itself, whatever its ports do. */
const CONTAINER = 0;

/** Refusals that may pass by themselves. */
const TRANSIENT: readonly ContainerErrorCode[] = [...CAPACITY_CODES, "CONNECTION_LOST"];

/**
 * Lets callers in once the container is up and their ports answer. Each port has one gate at a
 * time, however many wait behind it; a gate starts the container if nobody did.
 */
export class Admission {
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;
  readonly #target: ProbeSettings;
  readonly #gates = new Map<number, SharedTask<number>>();
  #proven: { readonly run: number; readonly ports: Set<number> } = { run: 0, ports: new Set() };
  #refusal: { readonly error: unknown } | undefined;

  constructor(platform: Platform, supervisor: Supervisor, target: ProbeSettings) {
    this.#platform = platform;
    this.#supervisor = supervisor;
    this.#target = target;
  }

  /** Whether a request may go to `port` right now: the port answered in this run. */
  isOpen(port: number): boolean {
    const { phase } = this.#supervisor;
    return phase.kind === "ready" && this.#isProven(phase.run, port);
  }

  /** Takes back that a port answers, so that the next request probes it first. */
  distrust(port: number): void {
    this.#proven.ports.delete(port);
  }

  /** Starts the container if need be and waits until every port answers. */
  async open(ports: readonly number[], budget: WaitBudget): Promise<void> {
    await this.#awake(budget, async () => {
      const run = await this.#pass(ports, budget);
      // Said once: each event has the schedule and all leases looked at.
      if (this.#supervisor.phase.kind !== "ready")
        this.#supervisor.dispatch({ kind: "ready", run });
    });
  }

  /** Starts the container if need be and waits until it is up, whatever its ports do. */
  async start(budget: WaitBudget): Promise<void> {
    if (this.#isUp() && this.#platform.runtime.running) return;
    await this.#awake(budget, async () => {
      const run = await this.#pass([CONTAINER], budget);
      this.#supervisor.dispatch({ kind: "up", run });
    });
  }

  /** Waits for one port of a container that runs; starts none. */
  async waitForPort(port: number, budget: WaitBudget): Promise<void> {
    if (!isLive(await this.#supervisor.reconcile())) {
      throw new ContainerError(
        "NOT_RUNNING",
        `Cannot wait for port ${port}: the container is not running; call start() first`,
      );
    }
    await this.#awake(budget, async () => {
      await this.#pass([port], budget);
    });
  }

  /**
   * Lets somebody wait. A boot that outlasts `sleepAfter` is no idle time while they do. Whoever
   * came before the container was up waits for `onStart`, too; who is called by it must not.
   */
  async #awake(budget: WaitBudget, pass: () => Promise<void>): Promise<void> {
    const wasUp = this.#isUp();
    const lease = this.#supervisor.openLease("request");
    try {
      await pass();
      if (wasUp) return;
      const how = await untilAborted(this.#supervisor.startHook, budget.signal);
      if (how === "aborted") throw abortError(CONTAINER);
    } finally {
      this.#supervisor.closeLease(lease);
    }
  }

  async #pass(ports: readonly number[], budget: WaitBudget): Promise<number> {
    const startedAtMs = this.#now();
    const runs = await Promise.all(
      ports.map((port) => this.#gate(port).join(this.#patience(port, budget, startedAtMs))),
    );
    return Math.max(...runs);
  }

  #gate(port: number): SharedTask<number> {
    const open = this.#gates.get(port);
    if (open !== undefined && !open.isAbandoned) return open;
    const gate = new SharedTask(this.#platform.clock, (abandoned) =>
      this.#prove(port, abandoned).finally(() => {
        if (this.#gates.get(port) === gate) this.#gates.delete(port);
      }),
    );
    this.#gates.set(port, gate);
    return gate;
  }

  /** Brings the container up and the port to an answer; returns the run that answered. */
  async #prove(port: number, abandoned: AbortSignal): Promise<number> {
    let refusals = 0;
    for (;;) {
      const run = await this.#begin(abandoned);
      const wasUp = this.#isUp();
      if (this.#isProven(run, port)) return run;
      if (!this.#isRefused(run) && (await this.#probe(run, port, abandoned))) {
        this.#note(run, port);
        return run;
      }
      const phase = await this.#supervisor.reconcile();
      if (isLive(phase) && phase.run === run) continue; // it only looked gone
      if (wasUp && !this.#supervisor.isToldToEnd(run)) continue; // it died: the next run will do
      refusals += 1;
      await this.#afterEnd(run, refusals, abandoned);
    }
  }

  /** Starts a run unless one is going on; a container that is stopping is waited for first. */
  async #begin(abandoned: AbortSignal): Promise<number> {
    for (;;) {
      const phase = await this.#supervisor.reconcile();
      if (phase.kind !== "stopping") break;
      await untilAborted(this.#supervisor.ended(phase.run), abandoned);
      abandoned.throwIfAborted();
    }
    this.#supervisor.dispatch({ kind: "start-requested" });
    return this.#supervisor.phase.run;
  }

  #probe(run: number, port: number, abandoned: AbortSignal): Promise<boolean> {
    const { clock, runtime } = this.#platform;
    const { pingEndpoint, defaultPort, requiredPorts } = this.#target;
    return probePort({
      clock,
      runtime,
      port: port || (defaultPort ?? requiredPorts?.[0] ?? UNNAMED_PORT),
      url: `http://${pingEndpoint}`,
      proof: port === CONTAINER ? "up" : "answer",
      abandoned,
      onUp: () => this.#note(run, CONTAINER),
    });
  }

  /** A refusal that may pass is tried again after a pause; any other end is the callers' answer. */
  async #afterEnd(run: number, refusals: number, abandoned: AbortSignal): Promise<void> {
    const ending = this.#supervisor.lastEnding;
    if (ending?.run !== run) return;
    if (ending.kind === "exited") throw exitedError(ending);
    this.#refusal = ending;
    if (!TRANSIENT.includes(classifyRuntimeError(ending.error))) {
      throw toContainerError(ending.error, "start the container");
    }
    await sleep(this.#platform.clock, backoffMs(refusals, 100, 5_000), abandoned);
    abandoned.throwIfAborted();
  }

  #patience(port: number, budget: WaitBudget, startedAtMs: number): Patience {
    const graceMs = this.#stopMs();
    const readyTimeoutMs = budget.readyTimeoutMs ?? READY_TIMEOUT_MS + graceMs;
    const instanceTimeoutMs = budget.instanceTimeoutMs ?? INSTANCE_TIMEOUT_MS + graceMs;
    return {
      signal: budget.signal,
      timeoutMs: Math.min(instanceTimeoutMs, readyTimeoutMs),
      onTimeout: () => {
        const waitedMs = this.#now() - startedAtMs;
        const isUp = this.#isProven(this.#supervisor.phase.run, CONTAINER);
        const limitMs = isUp ? readyTimeoutMs : Math.min(instanceTimeoutMs, readyTimeoutMs);
        if (waitedMs < limitMs) return limitMs - waitedMs;
        const isInstanceLate = !isUp && waitedMs >= instanceTimeoutMs;
        return isInstanceLate || port === CONTAINER
          ? this.#noInstanceError(waitedMs)
          : portError(port, waitedMs);
      },
      onAbort: () => abortError(port),
    };
  }

  /** How long a container that is stopping may take before its successor can start. */
  #stopMs(): number {
    const { phase } = this.#supervisor;
    return phase.kind === "stopping" ? Math.max(0, phase.killAtMs - this.#now()) : 0;
  }

  #noInstanceError(waitedMs: number): ContainerError {
    if (this.#refusal !== undefined) {
      return toContainerError(this.#refusal.error, `start the container within ${waitedMs} ms`);
    }
    return new ContainerError(
      "START_TIMEOUT",
      `Cannot start the container: no instance after ${waitedMs} ms; raise instanceGetTimeoutMS`,
    );
  }

  #isRefused(run: number): boolean {
    const ending = this.#supervisor.lastEnding;
    return ending?.kind === "start-refused" && ending.run === run;
  }

  #isUp(): boolean {
    const { kind } = this.#supervisor.phase;
    return kind === "running" || kind === "ready";
  }

  #isProven(run: number, port: number): boolean {
    return this.#proven.run === run && this.#proven.ports.has(port);
  }

  #note(run: number, port: number): void {
    this.#refusal = undefined;
    if (this.#proven.run !== run) this.#proven = { run, ports: new Set() };
    this.#proven.ports.add(port);
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}

/** Waits for the work or for the signal, and leaves no listener on a signal that outlives it. */
async function untilAborted(
  work: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<"aborted" | void> {
  const left = Promise.withResolvers<"aborted">();
  const leave = (): void => left.resolve("aborted");
  signal?.addEventListener("abort", leave);
  if (signal?.aborted === true) leave();
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function abortError(port: number): ContainerError {
  const what = port === CONTAINER ? "the container" : `port ${port}`;
  return new ContainerError("ABORTED", `Stopped waiting for ${what}: the caller left`);
}

function portError(port: number, waitedMs: number): ContainerError {
  return new ContainerError(
    "PORT_TIMEOUT",
    `Cannot reach port ${port}: no answer for ${waitedMs} ms; listen on 0.0.0.0:${port}, or raise portReadyTimeoutMS`,
    { details: { port, waitedMs } },
  );
}

function exitedError(ending: Extract<Ending, { kind: "exited" }>): ContainerError {
  const { exitCode, cause } = ending.exit;
  return new ContainerError(
    "EXITED",
    `Cannot reach the container: it ended with exit code ${exitCode ?? "unknown"} (${cause}); check its log`,
    { details: { exitCode, cause } },
  );
}
