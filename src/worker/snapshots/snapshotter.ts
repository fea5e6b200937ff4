import type { Phase } from "../../core/lifecycle/phase.ts";
import type { PersistPlan } from "./persist-plan.ts";
import { NO_PLAN } from "../../core/snapshot/snapshot.ts";
import { expiresAtMs } from "../../core/snapshot/snapshot-record.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { Platform } from "../../ports/platform.ts";
import { notRunningError } from "../admission-errors.ts";
import type { HookOutcome } from "../hook-runner.ts";
import { isUp } from "../is-up.ts";
import { sleep } from "../sleep.ts";
import type { Supervisor } from "../supervisor.ts";
import type { Keeper } from "./keeper.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** A snapshot, as `snapshot()` and `listSnapshots()` tell of it; `restore()` takes it. */
export interface SnapshotInfo {
  /** For an archive in a bucket: its key. */
  readonly id: string;
  /** The name that it was given, else `null`. */
  readonly name: string | null;
  readonly sizeBytes: number;
  /** The reference of the image that it belongs to; `null` where the configuration decides. */
  readonly image: string | null;
  /** When it was taken, in milliseconds since the epoch. */
  readonly takenAtMs: number;
  /**
   * When the platform deletes it, in milliseconds since the epoch, unless it is restored before;
   * `Infinity` for an archive in a bucket, which nobody deletes by its age.
   */
  readonly expiresAtMs: number;
}

/** What snapshots are taken with. */
export interface SnapshotterParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly store: SnapshotStore;
  readonly fields: { readonly persist?: PersistPlan };
  readonly keeperOf: (plan: PersistPlan) => Keeper;
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
  get plan(): PersistPlan {
    return this.#parts.fields.persist ?? NO_PLAN;
  }

  /** What is remembered, the latest one last. */
  list(): SnapshotInfo[] {
    return this.#keeper.list();
  }

  /**
   * Takes a snapshot of a container that is up, and keeps it awake meanwhile.
   *
   * @throws {ContainerError} `NOT_RUNNING`, `POLICY_REQUIRED`, `NOT_SUPPORTED`, `SNAPSHOT_FAILED`
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
    const { plan } = this;
    if (plan.kind !== "snapshot" || plan.refreshMs === Infinity) return undefined;
    const { refreshMs } = plan;
    const latest = store.known.at(-1);
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
      const made = await Promise.race([this.#make(name, over.signal), late]);
      if (made !== undefined) return made();
      throw snapshotFailed(`it takes more than ${timeoutMs} ms; raise the timeout of persist`);
    } finally {
      over.abort();
    }
  }

  async #make(name: string | undefined, abandoned: AbortSignal): Promise<() => SnapshotInfo> {
    const keeper = this.#keeper;
    keeper.check();
    if ((await this.#parts.onBeforeSnapshot()) !== "handled") {
      throw snapshotFailed("onBeforeSnapshot failed, so the files may not be whole");
    }
    return await keeper.make(name, abandoned);
  }

  get #keeper(): Keeper {
    return this.#parts.keeperOf(this.plan);
  }
}

/** What a caller gets whose snapshot was not taken. */
export function snapshotFailed(text: string, cause?: unknown): ContainerError {
  return new ContainerError("SNAPSHOT_FAILED", `Cannot take a snapshot: ${text}`, { cause });
}
