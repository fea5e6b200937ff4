/** What an object knows of one archive of its directory. */
export interface ArchiveRecord {
  readonly key: string;
  /** The name that it was given, else `null`. */
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly takenAtMs: number;
}

/** Archives, and the keys of those that are too many. */
export interface Archives {
  readonly kept: readonly ArchiveRecord[];
  readonly dropped: readonly string[];
}

/** Where an archive is to be: a key of its own, so that nothing good is ever written over. */
export function archiveKey(
  prefix: string,
  of: { readonly id: string; readonly run: number; readonly atMs: number },
): string {
  return `${prefix}/${of.id}/${of.run}-${of.atMs}.tar`;
}

/** Takes an archive up as the latest, which comes last. */
export function withArchive(
  archives: readonly ArchiveRecord[],
  latest: ArchiveRecord,
  keep: number,
): Archives {
  const all = [...archives.filter(({ key }) => key !== latest.key), latest];
  return { kept: all.slice(-keep), dropped: all.slice(0, -keep).map(({ key }) => key) };
}
