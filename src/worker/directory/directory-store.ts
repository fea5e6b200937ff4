import { withArchive, type ArchiveRecord } from "../../core/directory/archive-record.ts";
import type { ObjectStorage } from "../../ports/platform.ts";

const KEY = "__BERTH_DIRECTORY";

/** An archive that is being written: what there is of it goes, unless it is taken up. */
export interface UploadRecord {
  readonly key: string;
  /** Absent for one that is written at once. */
  readonly uploadId?: string;
}

/** What is written down of an instance's directory. */
interface Written {
  /** The latest comes last. */
  readonly archives: readonly ArchiveRecord[];
  /** The last run whose app was let begin, its files being there. */
  readonly openedRun: number;
  readonly upload?: UploadRecord | undefined;
}

/** What an object knows of its directory. Written in the same turn, so that none is lost alone. */
export class DirectoryStore {
  readonly #storage: Pick<ObjectStorage, "kv">;

  constructor(storage: Pick<ObjectStorage, "kv">) {
    this.#storage = storage;
  }

  /** Every archive that is kept, the latest one last. */
  get archives(): readonly ArchiveRecord[] {
    return this.#read().archives;
  }

  /** The one that was begun last, unless it was taken up or given up. */
  get upload(): UploadRecord | undefined {
    return this.#read().upload;
  }

  /** Whether a run has its files. */
  isOpened(run: number): boolean {
    return this.#read().openedRun === run;
  }

  /** Notes that a run has its files, and that its app may begin. */
  opened(openedRun: number): void {
    this.#write({ openedRun });
  }

  /** Notes what is being written, or that nothing is any more. */
  uploading(upload: UploadRecord | undefined): void {
    this.#write({ upload });
  }

  /**
   * Takes an archive up as the latest, which is not being written any more.
   *
   * @returns the keys of those that are not remembered any more
   */
  add(latest: ArchiveRecord, keep: number): readonly string[] {
    const { kept, dropped } = withArchive(this.archives, latest, keep);
    this.#write({ archives: kept, upload: undefined });
    return dropped;
  }

  #read(): Written {
    return { archives: [], openedRun: 0, ...this.#storage.kv.get<Written>(KEY) };
  }

  #write(changes: Partial<Written>): void {
    this.#storage.kv.put(KEY, { ...this.#read(), ...changes });
  }
}
