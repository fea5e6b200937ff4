import { ContainerError } from "../../errors/container-error.ts";
import type { SnapshotMoment } from "./snapshot.ts";

const MOMENTS: readonly unknown[] = ["idle", "stop"] satisfies SnapshotMoment[];

/**
 * Reads before which stops files are kept: all of them where nothing is said.
 *
 * @param of what the setting belongs to
 * @throws {ContainerError} `INVALID_CONFIG`
 */
export function readMoments(
  on: readonly SnapshotMoment[] = ["idle", "stop"],
  of: "snapshot()" | "directory()",
): readonly SnapshotMoment[] {
  const given: unknown = on;
  const isList = Array.isArray(given) && given.length > 0;
  if (isList && given.every((moment) => MOMENTS.includes(moment))) return on;
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${of}: on is ${JSON.stringify(on)}; use a list of "idle" and "stop"`,
  );
}
