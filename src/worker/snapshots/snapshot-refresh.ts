import type { Platform } from "../../ports/platform.ts";
import type { Admission } from "../admission.ts";
import { isUp } from "../is-up.ts";
import type { StartPlanner } from "../start-planner.ts";
import type { Supervisor } from "../supervisor.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import type { Snapshotter } from "./snapshotter.ts";

/** One that failed is tried again so much later. */
const RETRY_MS = 3_600_000;

/** What snapshots are refreshed with. */
export interface RefreshParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly planner: StartPlanner;
  readonly store: SnapshotStore;
  readonly snapshotter: Snapshotter;
  readonly report: (error: unknown) => void;
}

/** Takes a snapshot anew before the platform deletes the latest one. */
export class SnapshotRefresh {
  readonly #parts: RefreshParts;

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /** Begins one that is due. Written down first, so that an object that dies of it does not spin. */
  runIfDue(): void {
    const { platform, store, snapshotter, report } = this.#parts;
    const nowMs = platform.clock.now();
    if ((snapshotter.refreshAtMs ?? Infinity) > nowMs) return;
    store.delayRefresh(nowMs + RETRY_MS);
    platform.keepAlive(this.#run().catch(report));
  }

  /** A container that sleeps is started from it, and goes to sleep again by itself. */
  async #run(): Promise<void> {
    const { supervisor, admission, planner, store, snapshotter } = this.#parts;
    await planner.learn();
    const image = planner.wanted(null).image ?? null;
    if (store.known.at(-1)?.image !== image) return; // of no use any more
    if (!isUp(await supervisor.reconcile())) await admission.start({});
    await snapshotter.take(undefined);
  }
}
