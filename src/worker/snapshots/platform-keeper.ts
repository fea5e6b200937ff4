import { expiresAtMs, type SnapshotRecord } from "../../core/snapshot/snapshot-record.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { toContainerError } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import type { Supervisor } from "../supervisor.ts";
import type { Keeper } from "./keeper.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import { snapshotFailed, type SnapshotInfo } from "./snapshotter.ts";

/** What snapshots of the platform are taken with. */
export interface PlatformKeeperParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly store: SnapshotStore;
}

/** Keeps all files of a container by snapshots of the platform. */
export class PlatformKeeper implements Keeper {
  readonly #parts: PlatformKeeperParts;
  readonly #keep: number;

  constructor(parts: PlatformKeeperParts, keep: number) {
    this.#parts = parts;
    this.#keep = keep;
  }

  list(): SnapshotInfo[] {
    return this.#parts.store.known.map(toInfo);
  }

  check(): void {
    const { runtime } = this.#parts.platform;
    if (typeof runtime.snapshotContainer !== "function") throw policyError();
  }

  async make(name: string | undefined): Promise<() => SnapshotInfo> {
    const { runtime } = this.#parts.platform;
    if (typeof runtime.snapshotContainer !== "function") throw policyError();
    try {
      const made = await runtime.snapshotContainer(name === undefined ? {} : { name });
      return () => this.#remember(made);
    } catch (error) {
      throw snapshotFailed(toContainerError(error, "snapshot").message, error);
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
    store.add(record, { keep: this.#keep, nowMs });
    supervisor.keep({}); // the alarm for its refresh
    return toInfo(record);
  }
}

/** What a runtime gets that takes no snapshots. */
export function policyError(): ContainerError {
  return new ContainerError(
    "POLICY_REQUIRED",
    'Cannot keep the container\'s files by snapshots: that needs "scheduling_policy": "durable_object" in the Wrangler configuration of the container; under "default" keep a directory in a bucket, by directory("/data", this.env.BUCKET)',
  );
}

function toInfo(record: SnapshotRecord): SnapshotInfo {
  const { id, name, sizeBytes, image, takenAtMs } = record;
  return { id, name, sizeBytes, image, takenAtMs, expiresAtMs: expiresAtMs(record) };
}
