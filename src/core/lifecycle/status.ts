import type { Lease, LeaseKind } from "../lease.ts";
import type { Wanted } from "./run-origin.ts";
import { isLive, type Phase, type StopRecord } from "./phase.ts";
import type { Instance } from "./run-record.ts";
import { runMsToday } from "./usage.ts";

/** What `peek()` tells of an instance. */
export interface InstanceStatus {
  /** The phase of the instance's life. */
  readonly phase: Phase["kind"];
  /** When the phase began, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Number of the present run, or of the last one; 0 before the first. */
  readonly runId: number;
  /** Whether a container exists. */
  readonly isRunning: boolean;
  /** What is open, by kind: requests whose headers have not come, bodies, sockets, programs, callers who wait. */
  readonly leases: Readonly<Record<LeaseKind, number>>;
  /** When each hold runs out, by its name, in milliseconds since the epoch. */
  readonly holds: Readonly<Record<string, number>>;
  /** When the instance is idle for too long if nothing more happens; `null` while none runs. */
  readonly idleAtMs: number | null;
  /** When the next run may begin after a crash, in milliseconds since the epoch, else `null`. */
  readonly retryAtMs: number | null;
  /** How many runs in a row crashed. */
  readonly crashes: number;
  /** How the last run that ended did so; `null` before that. */
  readonly lastStop: StopRecord | null;
  /** The image's reference: that of the present run, and what the next one would have. */
  readonly image: Compared;
  /** The class's `expectedBuild`: when the present run was started, and now. */
  readonly build: Compared;
}

/** What runs, and what is wanted; `null` where nothing runs, or nobody says. */
export interface Compared {
  readonly running: string | null;
  readonly wanted: string | null;
}

/** What a status is made of beside what is written down. */
export interface StatusGround {
  readonly leases: Iterable<Lease>;
  readonly idleAtMs: number;
  readonly wanted: Wanted;
}

/** What `usage()` tells of an instance. */
export interface InstanceUsage {
  /** How many runs began. */
  readonly starts: number;
  /** How long containers ran, in seconds, the present run included. */
  readonly runSeconds: number;
  /** How much of that fell on the present day of UTC, in seconds. */
  readonly runSecondsToday: number;
  /** The share of the run time in which nothing was in flight, from 0 to 1. */
  readonly idleShare: number;
  /** How many times the Durable Object came into memory, counted whenever something is written. */
  readonly wakeUps: number;
}

/** Tells what is known of an instance. */
export function toStatus(
  instance: Instance,
  { leases, idleAtMs, wanted }: StatusGround,
): InstanceStatus {
  const { lifecycle, holds } = instance;
  const { phase, crashes, lastStop } = lifecycle;
  const isRunning = isLive(phase);
  const origin = isRunning ? lifecycle.origin : null;
  return {
    phase: phase.kind,
    sinceMs: phase.sinceMs,
    runId: phase.run,
    isRunning,
    leases: countByKind(leases),
    holds,
    idleAtMs: isRunning ? idleAtMs : null,
    retryAtMs: "retryAtMs" in phase ? phase.retryAtMs : null,
    crashes: crashes.streak,
    lastStop,
    image: compared(origin?.image, wanted.image),
    build: compared(origin?.build, wanted.build),
  };
}

/** Sums up what an instance has used. */
export function toUsage(instance: Instance, nowMs: number): InstanceUsage {
  const { lifecycle, wakeUps, busyMs } = instance;
  const { phase, usage } = lifecycle;
  const startedAtMs = isLive(phase) ? phase.startedAtMs : undefined;
  const runMs = usage.runMs + (startedAtMs === undefined ? 0 : Math.max(0, nowMs - startedAtMs));
  return {
    starts: usage.starts,
    runSeconds: runMs / 1_000,
    runSecondsToday: runMsToday(usage, startedAtMs, nowMs) / 1_000,
    idleShare: runMs === 0 ? 0 : Math.max(0, 1 - busyMs / runMs),
    wakeUps,
  };
}

function compared(running: string | undefined, wanted: string | undefined): Compared {
  return { running: running ?? null, wanted: wanted ?? null };
}

function countByKind(leases: Iterable<Lease>): Record<LeaseKind, number> {
  const counts = { wait: 0, request: 0, stream: 0, socket: 0, exec: 0 };
  for (const { kind } of leases) counts[kind] += 1;
  return counts;
}
