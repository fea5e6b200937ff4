import type { Command } from "./command.ts";
import { addCrash, isSpent, restartDelayMs, trialDelayMs, type Crashes } from "./crashes.ts";
import type { EventOf, ObservedExit } from "./event.ts";
import {
  isEnding,
  isLive,
  type DownPhase,
  type Lifecycle,
  type LivePhase,
  type Phase,
  type StopCause,
} from "./phase.ts";
import { HOOK_TIMEOUT_MS } from "./policy.ts";
import { move, stay, type Step } from "./step.ts";
import { withoutStart, withRun } from "./usage.ts";

export function onExited(lifecycle: Lifecycle, event: EventOf<"exited">): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  const { atMs, exit, random } = event;
  const { run, startedAtMs } = phase;
  const cause = causeOf(phase, exit);
  const record = { runId: run, cause, exitCode: exit.exitCode, startedAtMs, endedAtMs: atMs };
  const pending = { record, failures: 0, dueAtMs: atMs + HOOK_TIMEOUT_MS };
  const ended = {
    ...lifecycle,
    outbox: [...lifecycle.outbox, pending], // L4
    usage: withRun(lifecycle.usage, startedAtMs, atMs),
    lastStop: record,
  };
  const call = { kind: "call-on-stop", record } as const;
  const down = { run, sinceMs: atMs, exitCode: exit.exitCode };
  if (!isCrash(phase, exit)) return move(ended, afterPeace(phase, down, cause), call);
  return afterCrash(ended, { phase, down, random }, call);
}

/**
 * The platform gave no container: the run never was, so it leaves no stop record. An image that
 * does not run is the app's own doing, and is told.
 */
export function onStartRefused(lifecycle: Lifecycle, event: EventOf<"start-refused">): Step {
  const { phase } = lifecycle;
  if (phase.kind !== "starting") return stay(lifecycle);
  const { run, atMs, random, reason } = event;
  if (reason === "failure") {
    const exit = { exitCode: null, cause: "admission" } as const;
    return onExited(lifecycle, { kind: "exited", run, exit, random, atMs });
  }
  const usage = withoutStart(lifecycle.usage);
  const down = { run, sinceMs: atMs, exitCode: null };
  return move({ ...lifecycle, usage }, afterPeace(phase, down, "admission"));
}

/**
 * No crash. A trial that was cut short, or found no room, has shown nothing: the next one is its
 * repetition. One that ended well by itself has. L11
 */
function afterPeace({ trial }: LivePhase, down: Omit<DownPhase, "kind">, cause: StopCause): Phase {
  if (trial === undefined || cause === "exit") return { kind: "stopped", ...down };
  return { kind: "failed", ...down, retryAtMs: down.sinceMs, trials: trial };
}

/** What we asked for explains an exit; what the platform did of its own accord outranks it. */
function causeOf(phase: LivePhase, { cause }: ObservedExit): StopCause {
  const isOurs = isEnding(phase) && cause !== "rollout" && cause !== "oom";
  return isOurs ? phase.cause : cause;
}

/**
 * Whether the app is to blame. An end that nobody saw is held against an app that was not ready
 * yet, and otherwise against the platform. L11
 */
function isCrash(phase: LivePhase, { cause, exitCode }: ObservedExit): boolean {
  if (isEnding(phase)) return phase.fault !== undefined;
  if (cause === "oom" || cause === "admission") return true;
  if (cause === "unknown") return phase.kind !== "ready";
  return cause === "exit" && exitCode !== 0;
}

interface Crash {
  readonly phase: LivePhase;
  readonly down: Omit<DownPhase, "kind">;
  readonly random: number;
}

function afterCrash(lifecycle: Lifecycle, { phase, down, random }: Crash, call: Command): Step {
  const atMs = down.sinceMs;
  const crashes = addCrash(lifecycle.crashes, atMs);
  const crashed = { ...lifecycle, crashes };
  const { trial } = phase;
  if (trial === undefined && !isSpent(crashes)) {
    const retryAtMs = atMs + restartDelayMs(crashes.streak, random);
    return move(crashed, { kind: "backoff", ...down, retryAtMs }, call);
  }
  const trials = trial === undefined ? 0 : trial + 1;
  const retryAtMs = atMs + trialDelayMs(trials, random);
  const failed = { kind: "failed", ...down, retryAtMs, trials } as const;
  return trial === undefined
    ? move(crashed, failed, call, gaveUp(crashes))
    : move(crashed, failed, call);
}

function gaveUp({ atMs }: Crashes): Command {
  const text = `The container crashed ${atMs.length} times in ten minutes: it is tried again once a minute at most`;
  return { kind: "report", code: "CRASH_LOOP", text };
}
