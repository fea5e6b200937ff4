import type { Lifecycle } from "../../core/lifecycle/phase.ts";
import { chooseSnapshot, obstacleOf } from "../../core/snapshot/snapshot-record.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** A snapshot as callers hand it back: what `snapshot()` gave, or the platform's own handle. */
export interface SnapshotHandle {
  readonly id: string;
  /** The image that it belongs to, where that is known. */
  readonly image?: string | null;
}

/** What the choice is made with. */
export interface ChoiceParts {
  readonly store: SnapshotStore;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/** Chooses the snapshot that a run begins from. */
export class SnapshotChoice {
  readonly #parts: ChoiceParts;

  constructor(parts: ChoiceParts) {
    this.#parts = parts;
  }

  /**
   * Checks a snapshot that a caller asks for.
   *
   * @throws {ContainerError} `INVALID_ARGUMENT`, `SNAPSHOT_UNUSABLE`
   */
  check(handle: SnapshotHandle, image: string | null): void {
    const id: unknown = handle?.id;
    if (typeof id !== "string" || id === "") {
      throw new ContainerError(
        "INVALID_ARGUMENT",
        `Cannot start from a snapshot: its id is ${shown(id)}; give what snapshot() returned`,
      );
    }
    const { store, clock } = this.#parts;
    const nowMs = clock.now();
    const unknown = { id, name: null, sizeBytes: 0, takenAtMs: nowMs, usedAtMs: nowMs };
    const known = store.find(id) ?? { ...unknown, image: handle.image ?? image, isRefused: false };
    // What was refused once may be tried again by who asks for it.
    const obstacle = obstacleOf({ ...known, isRefused: false }, { image, nowMs });
    if (obstacle !== undefined) throw unusable(id, obstacle, "take another one");
  }

  /** Notes that a run begins now from a snapshot that was asked for: it is the latest from now on. */
  take(handle: SnapshotHandle, image: string | null, keep: number): void {
    const { store, clock } = this.#parts;
    const nowMs = clock.now();
    const known = store.find(handle.id) ?? {
      id: handle.id,
      name: null,
      sizeBytes: 0,
      image,
      takenAtMs: nowMs,
      usedAtMs: nowMs,
    };
    store.add({ ...known, isRefused: false }, { keep, nowMs });
  }

  /**
   * The snapshot that a run begins from that nobody said anything about, if there is one. Where it
   * is not the latest, the user is told why.
   */
  latest(lifecycle: Lifecycle, image: string | null): string | undefined {
    const { store, clock, report } = this.#parts;
    this.#learn(lifecycle);
    const nowMs = clock.now();
    const { known } = store;
    const chosen = chooseSnapshot(known, { image, nowMs });
    const latest = known.at(-1);
    if (latest !== undefined && latest !== chosen) {
      const fix =
        chosen === undefined
          ? "the run begins with the image's files"
          : `${chosen.id} is taken instead`;
      report(unusable(latest.id, obstacleOf(latest, { image, nowMs }) ?? "", fix));
    }
    return chosen?.id;
  }

  /**
   * What the last run showed: one that could not even be started speaks against its snapshot, and
   * one that could not be started without any speaks for all of them again. One that was started
   * has given its snapshot a new life.
   */
  #learn({ lastStop, phase, origin }: Lifecycle): void {
    if (lastStop?.runId !== phase.run) return;
    const { store } = this.#parts;
    const { cause, startedAtMs } = lastStop;
    const id = origin?.snapshotId;
    const isRefused = cause === "admission";
    if (id !== undefined) {
      store.change(isRefused ? { isRefused } : { usedAtMs: startedAtMs }, id);
    } else if (isRefused && store.known.some((snapshot) => snapshot.isRefused)) {
      store.change({ isRefused: false });
    }
  }
}

function unusable(id: string, obstacle: string, fix: string): ContainerError {
  return new ContainerError(
    "SNAPSHOT_UNUSABLE",
    `Cannot start from snapshot ${id}: ${obstacle}; ${fix}`,
    { details: { id } },
  );
}
