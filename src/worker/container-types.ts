import type { InstanceSize } from "../core/image/instance-size.ts";
import type { StopCause } from "../core/lifecycle/phase.ts";
import type { Duration } from "../core/duration.ts";
import type { SnapshotHandle } from "./snapshots/snapshot-choice.ts";
import type { CallerStartup } from "./read-policy.ts";

/** Settings that may be given to the constructor instead of as class fields. */
export interface ContainerOptions {
  /** Accepted for compatibility with @cloudflare/containers, where it is not read either. */
  id?: string;
  /** Port that requests go to. */
  defaultPort?: number;
  /** Idle time before the container is put to sleep. */
  sleepAfter?: Duration;
  /** Environment of the container; class fields of the same name win key by key. */
  envVars?: Record<string, string>;
  /** Replaces the image's command. */
  entrypoint?: string[];
  /** Whether the container may reach the internet. */
  enableInternet?: boolean;
}

/** Exported for compatibility with @cloudflare/containers, which does not use it either. */
export type ContainerEventHandler = () => void | Promise<void>;

/** Exported for compatibility with @cloudflare/containers, which does not use it either. */
export interface ContainerMessage<Payload = unknown> {
  type: string;
  payload?: Payload;
}

/** What one start may set differently from the class. */
export interface ContainerStartConfigOptions {
  /** Environment of the container, in place of the class's. */
  envVars?: Record<string, string>;
  /** Replaces the image's command. */
  entrypoint?: string[];
  /** Whether the container may reach the internet. */
  enableInternet?: boolean;
  /** Key-value labels attached to the container for metrics. */
  labels?: Record<string, string>;
  /** A key of `ctx.container.images`, or a reference with a tag or a digest. */
  image?: string;
  /** The size of the container. */
  instance?: InstanceSize;
  /** Whose files the run begins with, in place of the image's; see `restore()`. */
  snapshot?: SnapshotHandle;
}

/** How a caller of `startAndWaitForPorts()` waits. */
export interface CancellationOptions {
  /** Lets this caller leave; the start itself goes on for the others. */
  abort?: AbortSignal;
  /** How long to wait for the platform to give an instance, in milliseconds (default: 30 000). */
  instanceGetTimeoutMS?: number;
  /** One budget for instance and all ports together, in milliseconds (default: 60 000). */
  portReadyTimeoutMS?: number;
  /** Accepted for compatibility; probes are spaced by the time already waited. */
  waitInterval?: number;
  /** How this caller waits, in place of the class's `startup`; the two budgets above win. */
  startup?: CallerStartup;
}

/** Arguments of `startAndWaitForPorts()` in one object. */
export interface StartAndWaitForPortsOptions {
  /** Options of the start, should this call be the one that starts. */
  startOptions?: ContainerStartConfigOptions;
  /** Ports to wait for (default: `requiredPorts`, else `defaultPort`). */
  ports?: number | number[];
  /** How this caller waits. */
  cancellationOptions?: CancellationOptions;
}

/** How a caller of `start()` or `waitForPort()` waits. */
export interface WaitOptions {
  /** Port to probe. */
  portToCheck: number;
  /** Lets this caller leave. */
  signal?: AbortSignal;
  /** With `waitInterval`: how often the peer would have probed; together they make the timeout. */
  retries?: number;
  /** With `retries`: milliseconds between the peer's probes; together they make the timeout. */
  waitInterval?: number;
  /** How this caller waits, in place of the class's `startup`; `retries` wins. */
  startup?: CallerStartup;
}

/** What `onStop` is told about the run that ended. */
export interface StopParams {
  /** Exit code of the container; `null` when nobody saw it. */
  exitCode: number | null;
  /** `exit` when the container ended by itself, else `runtime_signal`. */
  reason: "exit" | "runtime_signal";
  /** Number of the run. The same number again means the same stop, told again. */
  runId: number;
  /** Why the run ended. */
  cause: StopCause;
  /** When the run was started, in milliseconds since the epoch. */
  startedAtMs: number;
  /** When its end was noticed, in milliseconds since the epoch. */
  endedAtMs: number;
}

/** A task of the schedule. */
export type Schedule<Payload = string> = {
  /** Identifies the task. */
  taskId: string;
  /** Name of the method that is called. */
  callback: string;
  /** What the method is given. */
  payload: Payload;
} & (
  | {
      /** Was scheduled for a date. */
      type: "scheduled";
      /** When the task is due, in seconds since the epoch. */
      time: number;
    }
  | {
      /** Was scheduled with a delay. */
      type: "delayed";
      /** When the task is due, in seconds since the epoch. */
      time: number;
      /** The delay, in seconds. */
      delayInSeconds: number;
    }
  | {
      /** Repeats at a steady interval. */
      type: "interval";
      /** When the task is due next, in seconds since the epoch. */
      time: number;
      /** The interval, in milliseconds. */
      everyMs: number;
    }
  | {
      /** Repeats by a cron expression. */
      type: "cron";
      /** When the task is due next, in seconds since the epoch. */
      time: number;
      /** The expression. */
      cron: string;
      /** Its time zone; undefined for UTC. */
      timeZone: string | undefined;
    }
);

/** Signals that `stop()` takes by name. */
export type Signal = "SIGKILL" | "SIGINT" | "SIGTERM";

/** A signal by number, 1 to 64. */
export type SignalInteger = number;
