import type { Command } from "../core/lifecycle/command.ts";
import type { Happening } from "../core/lifecycle/event.ts";
import { isUsable, type Phase, type StopRecord } from "../core/lifecycle/phase.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import type { Instance } from "../core/lifecycle/run-record.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { ExitWatch } from "./exit-watch.ts";
import type { HookRunner } from "./hook-runner.ts";
import type { PlatformControl } from "./platform-control.ts";
import type { SupervisorParts } from "./supervisor-parts.ts";

const SIGTERM = 15;

/** What commands need of the supervisor that gives them. */
export interface Commander {
  readonly phase: Phase;
  readonly policy: Policy;
  readonly instance: Instance;
  readonly inFlight: number;
  dispatch(happening: Happening): void;
  touch(): void;
  ended(run: number): Promise<void>;
}

/** What commands are carried out with. */
export interface CommandParts extends SupervisorParts {
  readonly control: PlatformControl;
  readonly hooks: HookRunner;
  readonly exits: ExitWatch;
  readonly supervisor: Commander;
}

/** Does what the transition commands, and tells the supervisor what came of it. */
export class CommandRunner {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** Carries one command out for a run. Never waits, never throws. */
  run(command: Command, run: number): void {
    const { control, hooks, host, supervisor } = this.#parts;
    switch (command.kind) {
      case "start":
        return this.#start(run);
      case "save":
        return this.#see(this.#parts.save(run));
      case "signal":
        return control.signal(command.signal);
      case "destroy":
        return control.destroy();
      case "close-sockets":
        return this.#parts.closeSockets(command.code);
      case "watch-exit":
        return this.#see(supervisor.ended(run));
      case "extend-life":
        return this.#extendLife(run);
      case "call-on-start":
        return hooks.onStart(run);
      case "call-on-stop":
        return this.#see(this.#tellStop(command.record));
      case "call-activity-expired":
        return this.#see(this.#expire(run));
      case "report":
        return host.report(new ContainerError(command.code, command.text));
    }
  }

  /** Nobody waits for the work: what goes wrong with it is reported. */
  #see(work: Promise<void>): void {
    work.catch((error: unknown) => this.#parts.host.report(error));
  }

  #start(run: number): void {
    const { platform, host, exits } = this.#parts;
    try {
      platform.runtime.start(host.settings.startOptions(run));
    } catch (error) {
      return exits.refuse(run, error);
    }
    this.#see(this.#parts.unpack(run, (error) => this.#failStart(run, error)));
  }

  /** A container without its files is ended before its app begins. */
  async #failStart(run: number, error: unknown): Promise<void> {
    const { control, exits, supervisor } = this.#parts;
    exits.fail(run, error);
    control.destroy();
    await supervisor.ended(run);
  }

  #extendLife(run: number): void {
    const { control, supervisor } = this.#parts;
    const heldUntilMs = Math.max(0, ...Object.values(supervisor.instance.holds));
    control.extendLife(supervisor.policy, heldUntilMs, () => supervisor.ended(run));
  }

  async #tellStop(record: StopRecord): Promise<void> {
    const { hooks, supervisor, onEnded } = this.#parts;
    onEnded(record);
    const outcome = (await hooks.onStop(record)) === "handled" ? "handled" : "failed";
    supervisor.dispatch({ kind: "stop-delivered", runId: record.runId, outcome });
  }

  /** A hook that fails, or that never returns, must not keep a container that nobody uses. */
  async #expire(run: number): Promise<void> {
    const { hooks, supervisor } = this.#parts;
    const outcome = await hooks.onActivityExpired(run);
    const { phase, inFlight } = supervisor;
    if (outcome !== "handled" && phase.run === run && isUsable(phase)) {
      supervisor.dispatch({ kind: "stop-requested", signal: SIGTERM, inFlight });
    }
    supervisor.touch();
    const isOutdated = this.#parts.isOutdated();
    supervisor.dispatch({ kind: "expiry-handled", run, isOutdated, inFlight: supervisor.inFlight });
  }
}
