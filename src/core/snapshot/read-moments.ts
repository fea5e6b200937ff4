import { ContainerError } from "../../errors/container-error.ts";
import type { SnapshotMoment } from "./snapshot.ts";

const MOMENTS: readonly SnapshotMoment[] = ["idle", "stop"];

/**
 * Reads before which stops files are kept: all of them where nothing is said.
 *
 * @param of what the setting belongs to
 * @throws {ContainerError} `INVALID_CONFIG`
 */
export function readMoments(
  on: readonly SnapshotMoment[] = MOMENTS,
  of: "snapshot()" | "directory()",
): readonly SnapshotMoment[] {
  if (Array.isArray(on) && on.length > 0 && on.every((moment) => MOMENTS.includes(moment))) {
    return on;
  }
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${of}: on is ${JSON.stringify(on)}; use a list of "idle" and "stop"`,
  );
}
