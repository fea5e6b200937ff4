/** What a run was started with. */
export interface RunOrigin {
  /** The image's reference; absent where the Wrangler configuration decides. */
  readonly image?: string;
  /** What whoever started it called the image, in place of the class's. */
  readonly imageName?: string;
  /** The class's `expectedBuild` at that time. */
  readonly build?: string;
  /** The snapshot that its files are of; absent where they are the image's. */
  readonly snapshotId?: string;
  /** Whether a caller asked for that snapshot. */
  readonly isSnapshotAsked?: true;
}

/** What a run would be started with now; absent is what the class does not say, or not yet. */
export interface Wanted {
  readonly image?: string | undefined;
  readonly build?: string | undefined;
}

/**
 * Whether a deploy has made a run old. One that was adopted is not: nobody knows what it is. Nor is
 * a new run ever, since it has what is wanted, so that this ends by itself.
 */
export function isOutdated(origin: RunOrigin | null, wanted: Wanted): boolean {
  if (origin === null) return false;
  return isOther(origin.image, wanted.image) || isOther(origin.build, wanted.build);
}

function isOther(found: string | undefined, wanted: string | undefined): boolean {
  return wanted !== undefined && found !== wanted;
}
