import type { SnapshotInfo } from "./snapshotter.ts";

/** Where the files of a container are kept: at the platform, or in a bucket. */
export interface Keeper {
  /** What is remembered, the latest one last. */
  list(): SnapshotInfo[];
  /**
   * @throws {ContainerError} `POLICY_REQUIRED`, `NOT_SUPPORTED` when the runtime cannot do it
   */
  check(): void;
  /**
   * Keeps them as they are now.
   *
   * @param abandoned aborted when it comes too late
   * @returns has it remembered from now on; not called for one that comes too late
   */
  make(name: string | undefined, abandoned: AbortSignal): Promise<() => SnapshotInfo>;
}
