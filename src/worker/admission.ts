import { isLive, isUsable } from "../core/lifecycle/phase.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import type { Platform } from "../ports/platform.ts";
import {
  abortError,
  CONTAINER,
  gateError,
  notReadyError,
  notRunningError,
  READY,
} from "./admission-errors.ts";
import { patienceOf } from "./caller-patience.ts";
import type { DirectoryArrival } from "./directory/directory-start.ts";
import { GateProver, type ProbeSettings } from "./gate-prover.ts";
import { isUp } from "./is-up.ts";
import { RunStarter } from "./run-starter.ts";
import { SharedTask, type Patience } from "./shared-task.ts";
import { sleep } from "./sleep.ts";
import type { StartPlanner } from "./start-planner.ts";
import type { Supervisor } from "./supervisor.ts";
import { untilAborted } from "./until-aborted.ts";
import type { WaitBudget } from "./wait-budget.ts";

/** What callers are let in with. */
export interface AdmissionParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly target: ProbeSettings;
  readonly planner: StartPlanner;
  readonly arrival: Pick<DirectoryArrival, "of" | "isLost">;
}

/**
 * Lets callers in once the container is up and their ports answer. Each port has one gate at a
 * time, however many wait behind it; a gate starts the container if nobody did.
 */
export class Admission {
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;
  readonly #target: ProbeSettings;
  readonly #starter: RunStarter;
  readonly #prover: GateProver;
  readonly #gates = new Map<number, SharedTask<number>>();

  constructor({ platform, supervisor, target, planner, arrival }: AdmissionParts) {
    this.#platform = platform;
    this.#supervisor = supervisor;
    this.#target = target;
    this.#starter = new RunStarter(platform, supervisor, planner);
    const starter = this.#starter;
    this.#prover = new GateProver({ platform, supervisor, starter, target, arrival });
  }

  /** Whether a request may go to `port` right now: the port answered in this run. */
  isOpen(port: number): boolean {
    const { phase } = this.#supervisor;
    return phase.kind === "ready" && this.#prover.proofs.has(phase.run, this.#gateOf(port));
  }

  /**
   * Checks that the app is ready, without a probe.
   *
   * @throws {ContainerError} `NOT_RUNNING`, `NOT_LISTENING`
   */
  checkReady(): void {
    const { phase } = this.#supervisor;
    if (phase.kind === "ready" && this.#platform.runtime.running) return;
    const isBooting = isUsable(phase) && this.#platform.runtime.running;
    throw isBooting ? notReadyError() : notRunningError("forward the request");
  }

  /** Runs a check once, whatever the gates say. */
  passes(check: ReadinessCheck | undefined, abandoned: AbortSignal): Promise<boolean> {
    return this.#prover.passes(check, abandoned);
  }

  /** Gives a boot its whole time again, since it is known to get on. */
  reportProgress(): void {
    this.#prover.proofs.endSilence();
  }

  /** Takes back that a port answers, so that the next request probes it first. */
  distrust(port: number): void {
    this.#prover.proofs.remove(this.#gateOf(port));
  }

  /**
   * Sees whether a port answers again, and has the container replaced if it does not. For those
   * whose request cannot be sent again: the next one is to find an app that works.
   */
  async recheck(port: number): Promise<void> {
    try {
      await this.open([port], {});
    } catch {
      // whoever comes next is told
    }
  }

  /** Starts the container if need be and waits until every port answers. */
  async open(ports: readonly number[], budget: WaitBudget): Promise<void> {
    const gates = new Set(ports.map((port) => this.#gateOf(port)));
    if (this.#target.ready !== undefined) gates.add(READY);
    await this.#awake(budget, async () => {
      const run = await this.#pass([...gates], budget);
      // Said once: each event has the schedule and all leases looked at.
      if (this.#supervisor.phase.kind !== "ready")
        this.#supervisor.dispatch({ kind: "ready", run });
    });
  }

  /** Starts the container if need be and waits until it is up, whatever its ports do. */
  async start(budget: WaitBudget): Promise<void> {
    if (isUp(this.#supervisor.phase) && this.#platform.runtime.running) return;
    await this.#awake(budget, async () => {
      const run = await this.#pass([CONTAINER], budget);
      this.#supervisor.dispatch({ kind: "up", run });
    });
  }

  /** Waits for one port of a container that runs; starts none. */
  async waitForPort(port: number, budget: WaitBudget): Promise<void> {
    if (!isLive(await this.#supervisor.reconcile())) {
      throw notRunningError(`wait for port ${port}`);
    }
    await this.#awake(budget, async () => {
      await this.#pass([this.#gateOf(port)], budget);
    });
  }

  /**
   * Begins a run and waits until it has ended, whatever its ports do.
   *
   * @param onBegun told of each run in the turn in which it begins
   */
  async runToEnd(signal: AbortSignal, onBegun: (run: number) => void): Promise<number> {
    const attempts = this.#starter.newAttempts();
    for (;;) {
      const run = await this.#starter.begin(signal);
      onBegun(run);
      const how = await untilAborted(this.#supervisor.ended(run), signal);
      if (how === "aborted") throw abortError(CONTAINER);
      if (!this.#starter.isRefused(run)) return run;
      await this.#starter.afterEnd(run, attempts, signal);
    }
  }

  /**
   * Lets somebody wait. A boot that outlasts `sleepAfter` is no idle time while they do. Whoever
   * came before the container was up waits for `onStart`, too; who is called by it must not.
   */
  async #awake(budget: WaitBudget, pass: () => Promise<void>): Promise<void> {
    const wasUp = isUp(this.#supervisor.phase);
    const lease = this.#supervisor.openLease("wait");
    try {
      await pass();
      if (!wasUp) await this.#startHook(budget);
    } finally {
      this.#supervisor.closeLease(lease);
    }
  }

  /** A hook that never returns keeps nobody for longer than the app itself might have. */
  async #startHook({ signal, readyTimeoutMs }: WaitBudget): Promise<void> {
    const { clock } = this.#platform;
    const over = new AbortController();
    const limitMs = readyTimeoutMs ?? this.#supervisor.policy.readyTimeoutMs;
    try {
      const hook = Promise.race([this.#supervisor.startHook, sleep(clock, limitMs, over.signal)]);
      if ((await untilAborted(hook, signal)) === "aborted") throw abortError(CONTAINER);
    } finally {
      over.abort();
    }
  }

  async #pass(gates: readonly number[], budget: WaitBudget): Promise<number> {
    const startedAtMs = this.#now();
    this.#refuseHopeless(budget);
    const runs = await Promise.all(
      gates.map((gate) => this.#gate(gate, budget).join(this.#patience(gate, budget, startedAtMs))),
    );
    return Math.max(...runs);
  }

  /** Whoever cannot live to see the next start is told at once, and when to come back. */
  #refuseHopeless({ readyTimeoutMs = this.#supervisor.policy.readyTimeoutMs }: WaitBudget): void {
    const { gate } = this.#starter;
    if (gate.kind === "open" || isLive(this.#supervisor.phase)) return;
    const nowMs = this.#now();
    const mayWait = gate.code === "RESTARTING" && gate.untilMs - nowMs < readyTimeoutMs;
    if (!mayWait) throw gateError(gate, nowMs);
  }

  #gate(key: number, { probeTimeoutMs }: WaitBudget): SharedTask<number> {
    const open = this.#gates.get(key);
    if (open !== undefined && !open.isAbandoned) return open;
    const gate = new SharedTask(this.#platform.clock, (abandoned) =>
      this.#prover.prove(key, { abandoned, probeTimeoutMs }).finally(() => {
        if (this.#gates.get(key) === gate) this.#gates.delete(key);
      }),
    );
    this.#gates.set(key, gate);
    return gate;
  }

  #patience(gate: number, budget: WaitBudget, startedAtMs: number): Patience {
    return patienceOf({
      gate,
      budget,
      startedAtMs,
      supervisor: this.#supervisor,
      starter: this.#starter,
      now: () => this.#now(),
      isUp: () => this.#prover.proofs.has(this.#supervisor.phase.run, CONTAINER),
    });
  }

  /** With a readiness check of its own a class's app is ready by that alone. */
  #gateOf(port: number): number {
    const { ready, defaultPort } = this.#target;
    return ready !== undefined && port === defaultPort ? READY : port;
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}
