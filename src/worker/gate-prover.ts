import { isLive } from "../core/lifecycle/phase.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import type { Platform } from "../ports/platform.ts";
import { CONTAINER, READY } from "./admission-errors.ts";
import type { DirectoryArrival } from "./directory/directory-start.ts";
import { isUp } from "./is-up.ts";
import { anyAnswer, probePort, type ProbeOutcome } from "./probe-port.ts";
import { Proofs } from "./proofs.ts";
import { runCheck, type CheckAim } from "./run-check.ts";
import type { RunStarter } from "./run-starter.ts";
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

/** How a gate is brought to an answer. */
export interface Proving {
  readonly abandoned: AbortSignal;
  readonly probeTimeoutMs?: number | undefined;
}

/** What gates are proven with. */
export interface ProverParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly starter: RunStarter;
  readonly target: ProbeSettings;
  readonly arrival: Pick<DirectoryArrival, "of" | "isLost">;
}

/** Brings gates to an answer, and knows which have answered in the present run. */
export class GateProver {
  /** What is known to answer. */
  readonly proofs = new Proofs();
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;
  readonly #starter: RunStarter;
  readonly #target: ProbeSettings;
  readonly #arrival: Pick<DirectoryArrival, "of" | "isLost">;

  constructor({ platform, supervisor, starter, target, arrival }: ProverParts) {
    this.#platform = platform;
    this.#supervisor = supervisor;
    this.#starter = starter;
    this.#target = target;
    this.#arrival = arrival;
  }

  /** Brings the container up and the gate to an answer; returns the run that answered. */
  async prove(gate: number, how: Proving): Promise<number> {
    const { abandoned } = how;
    const attempts = this.#starter.newAttempts();
    for (;;) {
      const run = await this.#starter.begin(abandoned);
      if (this.proofs.has(run, gate)) return run;
      const files = this.#arrival.of(run);
      if (files !== undefined) await untilAborted(files, abandoned);
      abandoned.throwIfAborted();
      if (this.#arrival.isLost(run)) {
        this.#replace(run, "closed"); // an app that nobody lets begin
        continue;
      }
      attempts.wasUp = isUp(this.#supervisor.phase);
      const outcome = this.#starter.isRefused(run) ? "gone" : await this.#probe(run, gate, how);
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

  #probe(run: number, gate: number, how: Proving): Promise<ProbeOutcome> {
    const untilMs = (): number => (gate === CONTAINER ? Infinity : this.#silenceEndMs(run));
    return probePort({
      ...this.#aim(how),
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
  #aim({ abandoned, probeTimeoutMs }: Proving): CheckAim {
    const { clock, runtime } = this.#platform;
    const { pingEndpoint, defaultPort, requiredPorts } = this.#target;
    return {
      clock,
      runtime,
      port: defaultPort ?? requiredPorts?.[0] ?? UNNAMED_PORT,
      url: `http://${pingEndpoint}`,
      probeTimeoutMs: probeTimeoutMs ?? this.#supervisor.policy.probeTimeoutMs,
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
    return this.proofs.silentSinceMs(run, this.#now()) + limitMs;
  }

  /** Runs a check once, whatever the gates say. */
  async passes(check: ReadinessCheck | undefined, abandoned: AbortSignal): Promise<boolean> {
    const aim = this.#aim({ abandoned });
    return (await runCheck(check ?? anyAnswer(aim.url), aim)) === "ready";
  }

  #note(run: number, gate: number): void {
    this.#starter.admitted();
    this.proofs.add(run, gate);
    if (gate !== CONTAINER) this.proofs.endSilence();
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}
