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
import { patienceOf, type WaitBudget } from "./caller-patience.ts";
import { probePort, type ProbeOutcome } from "./probe-port.ts";
import { Proofs } from "./proofs.ts";
import { runCheck, type CheckAim } from "./run-check.ts";
import { RunStarter } from "./run-starter.ts";
import { SharedTask, type Patience } from "./shared-task.ts";
import { sleep } from "./sleep.ts";
import type { Supervisor } from "./supervisor.ts";
import { untilAborted } from "./until-aborted.ts";

/** What probes are aimed at, read anew for each. */
export interface ProbeSettings {
  /** Host and path asked for. */
  readonly pingEndpoint: string;
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  readonly ready?: ReadinessCheck;
}

// Probed to see whether the container is up when the class names no port.
const UNNAMED_PORT = 33;

/**
 * Lets callers in once the container is up and their ports answer. Each port has one gate at a
 * time, however many wait behind it; a gate starts the container if nobody did.
 */
export class Admission {
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;
  readonly #target: ProbeSettings;
  readonly #starter: RunStarter;
  readonly #gates = new Map<number, SharedTask<number>>();
  readonly #proofs = new Proofs();

  constructor(platform: Platform, supervisor: Supervisor, target: ProbeSettings) {
    this.#platform = platform;
    this.#supervisor = supervisor;
    this.#target = target;
    this.#starter = new RunStarter(platform, supervisor);
  }

  /** Whether a request may go to `port` right now: the port answered in this run. */
  isOpen(port: number): boolean {
    const { phase } = this.#supervisor;
    return phase.kind === "ready" && this.#proofs.has(phase.run, this.#gateOf(port));
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
  async passes(check: ReadinessCheck, abandoned: AbortSignal): Promise<boolean> {
    return (await runCheck(check, this.#aim(abandoned))) === "ready";
  }

  /** Gives a boot its whole time again, since it is known to get on. */
  reportProgress(): void {
    this.#proofs.endSilence();
  }

  /** Takes back that a port answers, so that the next request probes it first. */
  distrust(port: number): void {
    this.#proofs.remove(this.#gateOf(port));
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
    if (this.#isUp() && this.#platform.runtime.running) return;
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

  /** Begins a run and waits until it has ended, whatever its ports do. */
  async runToEnd(signal: AbortSignal): Promise<number> {
    const attempts = this.#starter.newAttempts();
    for (;;) {
      const run = await this.#starter.begin(signal);
      const how = await untilAborted(this.#supervisor.ended(run), signal);
      if (how === "aborted") throw abortError(CONTAINER);
      if (!this.#isRefused(run)) return run;
      await this.#starter.afterEnd(run, attempts, signal);
    }
  }

  /**
   * Lets somebody wait. A boot that outlasts `sleepAfter` is no idle time while they do. Whoever
   * came before the container was up waits for `onStart`, too; who is called by it must not.
   */
  async #awake(budget: WaitBudget, pass: () => Promise<void>): Promise<void> {
    const wasUp = this.#isUp();
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
      gates.map((gate) => this.#gate(gate).join(this.#patience(gate, budget, startedAtMs))),
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

  #gate(key: number): SharedTask<number> {
    const open = this.#gates.get(key);
    if (open !== undefined && !open.isAbandoned) return open;
    const gate = new SharedTask(this.#platform.clock, (abandoned) =>
      this.#prove(key, abandoned).finally(() => {
        if (this.#gates.get(key) === gate) this.#gates.delete(key);
      }),
    );
    this.#gates.set(key, gate);
    return gate;
  }

  /** Brings the container up and the gate to an answer; returns the run that answered. */
  async #prove(gate: number, abandoned: AbortSignal): Promise<number> {
    const attempts = this.#starter.newAttempts();
    for (;;) {
      const run = await this.#starter.begin(abandoned);
      if (this.#proofs.has(run, gate)) return run;
      attempts.wasUp = this.#isUp();
      const outcome = this.#isRefused(run) ? "gone" : await this.#probe(run, gate, abandoned);
      if (outcome === "answered") {
        this.#note(run, gate);
        return run;
      }
      if (outcome !== "gone") {
        this.#replace(run, outcome);
        continue;
      }
      const phase = await this.#supervisor.reconcile();
      if (isLive(phase) && phase.run === run) continue; // it only looked gone
      await this.#starter.afterEnd(run, attempts, abandoned);
    }
  }

  /** An app that has been silent for too long will not answer in this run. */
  #replace(run: number, silence: "closed" | "hung"): void {
    const { inFlight } = this.#supervisor;
    this.#supervisor.dispatch({ kind: "wedged", run, silence, inFlight });
  }

  #probe(run: number, gate: number, abandoned: AbortSignal): Promise<ProbeOutcome> {
    const untilMs = (): number => (gate === CONTAINER ? Infinity : this.#silenceEndMs(run));
    return probePort({
      ...this.#aim(abandoned),
      ...(gate > CONTAINER && { port: gate }),
      check: gate === READY ? this.#target.ready : undefined,
      proof: gate === CONTAINER ? "up" : "answer",
      get untilMs() {
        return untilMs();
      },
      onUp: () => this.#note(run, CONTAINER),
    });
  }

  /** What a probe is aimed at that names no port. */
  #aim(abandoned: AbortSignal): CheckAim {
    const { clock, runtime } = this.#platform;
    const { pingEndpoint, defaultPort, requiredPorts } = this.#target;
    return {
      clock,
      runtime,
      port: defaultPort ?? requiredPorts?.[0] ?? UNNAMED_PORT,
      url: `http://${pingEndpoint}`,
      probeTimeoutMs: this.#supervisor.policy.probeTimeoutMs,
      abandoned,
    };
  }

  /**
   * Until when an app may be silent, whoever asks and however often: one that was ready before for
   * a little while, one that boots for much longer.
   */
  #silenceEndMs(run: number): number {
    const { phase, policy } = this.#supervisor;
    const limitMs = phase.kind === "ready" ? policy.probeTimeoutMs : policy.bootTimeoutMs;
    return this.#proofs.silentSinceMs(run, this.#now()) + limitMs;
  }

  #patience(gate: number, budget: WaitBudget, startedAtMs: number): Patience {
    return patienceOf({
      gate,
      budget,
      startedAtMs,
      supervisor: this.#supervisor,
      starter: this.#starter,
      now: () => this.#now(),
      isUp: () => this.#proofs.has(this.#supervisor.phase.run, CONTAINER),
    });
  }

  #isRefused(run: number): boolean {
    const ending = this.#supervisor.lastEnding;
    return ending?.kind === "start-refused" && ending.run === run;
  }

  #isUp(): boolean {
    const { phase } = this.#supervisor;
    return isUsable(phase) && phase.kind !== "starting";
  }

  /** With a readiness check of its own a class's app is ready by that alone. */
  #gateOf(port: number): number {
    const { ready, defaultPort } = this.#target;
    return ready !== undefined && port === defaultPort ? READY : port;
  }

  #note(run: number, gate: number): void {
    this.#starter.admitted();
    this.#proofs.add(run, gate);
    if (gate !== CONTAINER) this.#proofs.endSilence();
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}
