import type { Phase } from "../../core/lifecycle/phase.ts";
import { NO_PLAN, type SnapshotPlan } from "../../core/snapshot/snapshot.ts";
import { expiresAtMs, type SnapshotRecord } from "../../core/snapshot/snapshot-record.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { toContainerError } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import { notRunningError } from "../admission-errors.ts";
import type { HookOutcome } from "../hook-runner.ts";
import { isUp } from "../is-up.ts";
import { sleep } from "../sleep.ts";
import type { Supervisor } from "../supervisor.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** A snapshot, as `snapshot()` and `listSnapshots()` tell of it; `restore()` takes it. */
export interface SnapshotInfo {
  readonly id: string;
  /** The name that it was given, else `null`. */
  readonly name: string | null;
  readonly sizeBytes: number;
  /** The reference of the image that it belongs to; `null` where the configuration decides. */
  readonly image: string | null;
  /** When it was taken, in milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** When the platform deletes it, in milliseconds since the epoch, unless it is restored before. */
  readonly expiresAtMs: number;
}

/** What snapshots are taken with. */
export interface SnapshotterParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly store: SnapshotStore;
  readonly fields: { readonly persist?: SnapshotPlan };
  readonly onBeforeSnapshot: () => Promise<HookOutcome>;
  readonly report: (error: unknown) => void;
}

/** Takes snapshots of the container, one at a time. */
export class Snapshotter {
  readonly #parts: SnapshotterParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: SnapshotterParts) {
    this.#parts = parts;
  }

  /** What the class says of its snapshots. */
  get plan(): SnapshotPlan {
    return this.#parts.fields.persist ?? NO_PLAN;
  }

  /** What is remembered, the latest one last. */
  list(): SnapshotInfo[] {
    return this.#parts.store.known.map(toInfo);
  }

  /**
   * Takes a snapshot of a container that is up, and keeps it awake meanwhile.
   *
   * @throws {ContainerError} `NOT_RUNNING`, `POLICY_REQUIRED`, `SNAPSHOT_FAILED`
   */
  async take(name: string | undefined): Promise<SnapshotInfo> {
    const { supervisor } = this.#parts;
    if (!isUp(await supervisor.reconcile())) throw notRunningError("take a snapshot");
    const lease = supervisor.openLease("wait");
    try {
      return await this.#exclusively(name, isUp);
    } finally {
      supervisor.closeLease(lease);
    }
  }

  /** Keeps the files of a container that is about to be told to end. Never throws. */
  async save(run: number): Promise<void> {
    const { supervisor, platform, report } = this.#parts;
    const work = this.#exclusively(undefined, ({ kind }) => kind === "saving").then(
      () => {},
      (error: unknown) => report(error),
    );
    platform.keepAlive(work);
    await work;
    supervisor.dispatch({ kind: "saved", run });
  }

  /** When another snapshot is to be taken lest the latest one expires; undefined for never. */
  get refreshAtMs(): number | undefined {
    const { store } = this.#parts;
    const { refreshMs } = this.plan;
    const latest = refreshMs === Infinity ? undefined : store.known.at(-1);
    if (latest === undefined || latest.isRefused) return undefined;
    const atMs = Math.max(latest.takenAtMs + refreshMs, store.refreshNotBeforeMs);
    return atMs < expiresAtMs(latest) ? atMs : undefined;
  }

  /** One after the other, since two at once would each hold half of what the hook has made ready. */
  #exclusively(name: string | undefined, fits: (phase: Phase) => boolean): Promise<SnapshotInfo> {
    const work = this.#last.then(() => this.#inTime(name, fits));
    this.#last = work.catch(() => {});
    return work;
  }

  /** What comes too late is not remembered: the container may have gone on since. */
  async #inTime(name: string | undefined, fits: (phase: Phase) => boolean): Promise<SnapshotInfo> {
    const { supervisor, platform } = this.#parts;
    if (!fits(supervisor.phase)) throw notRunningError("take a snapshot");
    const over = new AbortController();
    const { timeoutMs } = this.plan;
    const late = sleep(platform.clock, timeoutMs, over.signal).then(() => undefined);
    try {
      const made = await Promise.race([this.#make(name), late]);
      if (made !== undefined) return this.#remember(made);
      throw failed(`it takes more than ${timeoutMs} ms; raise the timeout of persist`);
    } finally {
      over.abort();
    }
  }

  async #make(name: string | undefined): Promise<ContainerSnapshot> {
    const { platform, onBeforeSnapshot } = this.#parts;
    const { runtime } = platform;
    if (typeof runtime.snapshotContainer !== "function") throw policyError();
    if ((await onBeforeSnapshot()) !== "handled") {
      throw failed("onBeforeSnapshot failed, so the files may not be whole");
    }
    try {
      return await runtime.snapshotContainer(name === undefined ? {} : { name });
    } catch (error) {
      throw failed(toContainerError(error, "snapshot").message, error);
    }
  }

  #remember({ id, size, name }: ContainerSnapshot): SnapshotInfo {
    const { supervisor, store, platform } = this.#parts;
    const nowMs = platform.clock.now();
    const record: SnapshotRecord = {
      id,
      name: name ?? null,
      sizeBytes: size,
      image: supervisor.lifecycle.origin?.image ?? null,
      takenAtMs: nowMs,
      usedAtMs: nowMs,
      isRefused: false,
    };
    store.add(record, { keep: this.plan.keep, nowMs });
    supervisor.keep({}); // the alarm for its refresh
    return toInfo(record);
  }
}

/** What a runtime gets that takes no snapshots. */
export function policyError(): ContainerError {
  return new ContainerError(
    "POLICY_REQUIRED",
    'Cannot keep the container\'s files by snapshots: that needs "scheduling_policy": "durable_object" in the Wrangler configuration of the container',
  );
}

function toInfo(record: SnapshotRecord): SnapshotInfo {
  const { id, name, sizeBytes, image, takenAtMs } = record;
  return { id, name, sizeBytes, image, takenAtMs, expiresAtMs: expiresAtMs(record) };
}

function failed(text: string, cause?: unknown): ContainerError {
  return new ContainerError("SNAPSHOT_FAILED", `Cannot take a snapshot: ${text}`, { cause });
}
