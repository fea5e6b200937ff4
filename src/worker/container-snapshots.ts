import { ContainerError } from "../errors/container-error.ts";
import { ContainerEgress } from "./container-egress.ts";
import { machineryOf } from "./machinery.ts";
import type { SnapshotHandle } from "./snapshots/snapshot-choice.ts";
import type { SnapshotInfo } from "./snapshots/snapshotter.ts";

const SIGTERM = 15;

/** How a snapshot is taken. */
export interface TakeOptions {
  /** A name for it, at the platform and in `listSnapshots()`. */
  readonly name?: string;
}

/** The snapshots of a container class. */
export abstract class ContainerSnapshots<
  Env = Cloudflare.Env,
  Props = unknown,
> extends ContainerEgress<Env, Props> {
  /**
   * Takes a snapshot of the files of the container that runs, and remembers it: of the directory
   * where `persist` keeps one, else of all files, which needs
   * `"scheduling_policy": "durable_object"`.
   *
   * @throws {ContainerError} `NOT_RUNNING`; `SNAPSHOT_FAILED` when the platform or
   * `onBeforeSnapshot` fails, or it takes too long; `POLICY_REQUIRED`, `NOT_SUPPORTED`
   */
  async snapshot({ name }: TakeOptions = {}): Promise<SnapshotInfo> {
    return await machineryOf(this).snapshotter.take(name);
  }

  /** The snapshots that are remembered, the latest one last. */
  async listSnapshots(): Promise<SnapshotInfo[]> {
    return machineryOf(this).snapshotter.list();
  }

  /**
   * Begins a run from a snapshot, of this object or of another one, and resolves when it is up. A
   * run that is going on is stopped first. From then on the snapshot counts as the latest.
   *
   * @param snapshot what `snapshot()` or `listSnapshots()` gave, or the platform's own handle
   * @throws {ContainerError} `SNAPSHOT_UNUSABLE` when it has expired or is of another image;
   * `SNAPSHOT_FAILED` when the platform refuses it; `INVALID_ARGUMENT`; what `start()` throws;
   * `NOT_SUPPORTED` where `persist` keeps a directory, which begins from its latest archive
   */
  async restore(snapshot: SnapshotHandle): Promise<void> {
    const { settings, planner, supervisor, admission, snapshotter } = machineryOf(this);
    settings.check();
    if (snapshotter.plan.kind === "directory") throw notRestoredError();
    await planner.checkSnapshot(snapshot);
    const { id, image } = snapshot;
    const claim = { snapshot: image === undefined ? { id } : { id, image } };
    await settings.starts.during(claim, async () => {
      await supervisor.stop(SIGTERM);
      await supervisor.ended(supervisor.phase.run);
      await admission.start({});
    });
  }
}

function notRestoredError(): ContainerError {
  return new ContainerError(
    "NOT_SUPPORTED",
    "Cannot restore a snapshot: the class keeps a directory, and each run begins from its latest archive; to choose, use persist = snapshot({ … })",
  );
}
