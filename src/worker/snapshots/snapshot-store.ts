import { withSnapshot, type SnapshotRecord } from "../../core/snapshot/snapshot-record.ts";
import type { ObjectStorage } from "../../ports/platform.ts";

const KEY = "__BERTH_SNAPSHOTS";

/** What is written down of an instance's snapshots. */
interface Snapshots {
  /** The latest comes last. */
  readonly known: readonly SnapshotRecord[];
  /** Before when no refresh is tried again, in milliseconds since the epoch. */
  readonly refreshNotBeforeMs: number;
}

/** The snapshots that an object knows of. Written in the same turn, so that none is lost alone. */
export class SnapshotStore {
  readonly #storage: Pick<ObjectStorage, "kv">;

  constructor(storage: Pick<ObjectStorage, "kv">) {
    this.#storage = storage;
  }

  /** Every snapshot that is remembered, the latest one last. */
  get known(): readonly SnapshotRecord[] {
    return this.#read().known;
  }

  get refreshNotBeforeMs(): number {
    return this.#read().refreshNotBeforeMs;
  }

  find(id: string): SnapshotRecord | undefined {
    return this.known.find((snapshot) => snapshot.id === id);
  }

  /** Remembers a snapshot as the latest one. */
  add(latest: SnapshotRecord, limits: { readonly keep: number; readonly nowMs: number }): void {
    this.#write({ known: withSnapshot(this.known, latest, limits) });
  }

  /** Changes what is known of one snapshot, or of all. */
  change(changes: Partial<SnapshotRecord>, id?: string): void {
    const known = this.known.map((snapshot) =>
      id === undefined || snapshot.id === id ? { ...snapshot, ...changes } : snapshot,
    );
    this.#write({ known });
  }

  /** Notes that a refresh is tried now, so that one that fails is not tried again at once. */
  delayRefresh(refreshNotBeforeMs: number): void {
    this.#write({ refreshNotBeforeMs });
  }

  #read(): Snapshots {
    const written = this.#storage.kv.get<Snapshots>(KEY);
    return { known: [], refreshNotBeforeMs: 0, ...written };
  }

  #write(changes: Partial<Snapshots>): void {
    this.#storage.kv.put(KEY, { ...this.#read(), ...changes });
  }
}
