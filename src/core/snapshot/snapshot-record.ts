/** Cloudflare keeps a snapshot for so long after it was made or last restored (November 2026). */
export const SNAPSHOT_TTL_MS = 30 * 86_400_000;

/** So long before that it is not relied on any more: clocks differ, and starts take their time. */
const MARGIN_MS = 3_600_000;

/** What an object knows of one snapshot of its container. */
export interface SnapshotRecord {
  readonly id: string;
  readonly name: string | null;
  readonly sizeBytes: number;
  /** The reference of the image that it belongs to; `null` where the configuration decides. */
  readonly image: string | null;
  readonly takenAtMs: number;
  /** When it was taken or last restored, which is what its life is counted from. */
  readonly usedAtMs: number;
  /** Whether the platform refused to start from it. */
  readonly isRefused: boolean;
}

/** What a snapshot has to fit. */
export interface SnapshotGround {
  /** The image that the next run is to have. */
  readonly image: string | null;
  readonly nowMs: number;
}

/** When a snapshot is gone. */
export function expiresAtMs({ usedAtMs }: SnapshotRecord): number {
  return usedAtMs + SNAPSHOT_TTL_MS;
}

/** Why a run cannot begin from a snapshot; undefined where it can. */
export function obstacleOf(
  snapshot: SnapshotRecord,
  { image, nowMs }: SnapshotGround,
): string | undefined {
  if (nowMs >= expiresAtMs(snapshot) - MARGIN_MS) return "it has expired, after 30 days";
  if (snapshot.image !== image) {
    return `it is of image ${snapshot.image ?? "(default)"}, and ${image ?? "(default)"} is wanted`;
  }
  return snapshot.isRefused ? "the platform refused to start from it" : undefined;
}

/** The latest snapshot that a run can begin from. The latest of all comes last. */
export function chooseSnapshot(
  snapshots: readonly SnapshotRecord[],
  ground: SnapshotGround,
): SnapshotRecord | undefined {
  return snapshots.findLast((snapshot) => obstacleOf(snapshot, ground) === undefined);
}

/** Takes a snapshot up as the latest, and forgets those that are too many or gone. */
export function withSnapshot(
  snapshots: readonly SnapshotRecord[],
  latest: SnapshotRecord,
  { keep, nowMs }: { readonly keep: number; readonly nowMs: number },
): readonly SnapshotRecord[] {
  const others = snapshots.filter(
    (snapshot) => snapshot.id !== latest.id && nowMs < expiresAtMs(snapshot),
  );
  return [...others, latest].slice(-keep);
}
