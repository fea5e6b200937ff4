import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parseDuration, type Duration } from "../duration.ts";
import { readMoments } from "./read-moments.ts";
import { SNAPSHOT_TTL_MS } from "./snapshot-record.ts";

/** When a container's files are kept by themselves. */
export type SnapshotMoment = "idle" | "stop";

/** How a container's files are kept. */
export interface SnapshotOptions {
  /** Before which stops: that of an idle instance, any other but `destroy()`. Default: both. */
  readonly on?: readonly SnapshotMoment[];
  /** How many snapshots are remembered, the latest ones. Default: 3. */
  readonly keep?: number;
  /**
   * After how long without a new one another is taken, for which a container that sleeps is
   * started: less than the 30 days after which the platform deletes it. Default: never.
   */
  readonly refresh?: Duration;
  /** How long one may take, `onBeforeSnapshot` included; a stop goes on without it. Default: 60 s. */
  readonly timeout?: Duration;
}

/** How a container's files are kept, once read. */
export interface SnapshotPlan {
  readonly kind: "snapshot";
  readonly on: readonly SnapshotMoment[];
  readonly keep: number;
  readonly refreshMs: number;
  readonly timeoutMs: number;
}

/** What holds for `snapshot()` of an instance whose class keeps nothing by itself. */
export const NO_PLAN: SnapshotPlan = {
  kind: "snapshot",
  on: [],
  keep: 3,
  refreshMs: Infinity,
  timeoutMs: 60_000,
};

/**
 * Keeps a container's files across sleep, for the field `persist`: a snapshot is taken before the
 * container is stopped, and its next run begins from the latest one.
 *
 * @throws {ContainerError} `INVALID_CONFIG`, `INVALID_DURATION` when an option cannot work
 * @example
 * ```ts
 * class Workspace extends Container {
 *   override image = "base";
 *   override persist = snapshot({ on: ["idle", "stop"], keep: 3, refresh: "20d" });
 * }
 * ```
 */
export function snapshot(options: SnapshotOptions = {}): SnapshotPlan {
  const { keep = NO_PLAN.keep } = options;
  const on = readMoments(options.on, "snapshot()");
  if (!Number.isInteger(keep) || keep < 1) {
    throw invalid(`keep is ${shown(keep)}`, "use an integer of 1 or more");
  }
  return {
    kind: "snapshot",
    on,
    keep,
    refreshMs: readRefresh(options.refresh),
    timeoutMs: readTimeout(options.timeout),
  };
}

function readRefresh(refresh: Duration | undefined): number {
  if (refresh === undefined) return Infinity;
  const refreshMs = parseDuration(refresh, "refresh");
  if (refreshMs >= 60_000 && refreshMs < SNAPSHOT_TTL_MS) return refreshMs;
  throw invalid(`refresh is ${shown(refresh)}`, "use 1m or more, and less than 30d");
}

function readTimeout(timeout: Duration | undefined): number {
  if (timeout === undefined) return NO_PLAN.timeoutMs;
  const timeoutMs = parseDuration(timeout, "persist.timeout");
  if (timeoutMs > 0) return timeoutMs;
  throw invalid("timeout is 0", 'use a duration such as "60s"');
}

function invalid(found: string, fix: string): ContainerError {
  return new ContainerError("INVALID_CONFIG", `Cannot use snapshot(): ${found}; ${fix}`);
}
