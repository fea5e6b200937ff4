import { archiveKey, type ArchiveRecord } from "../../core/directory/archive-record.ts";
import type { DirectoryPlan } from "./directory.ts";
import { packCommand } from "../../core/directory/gate-commands.ts";
import { OutputHead } from "../../core/programs/output-head.ts";
import { errorCode, type ContainerError } from "../../errors/container-error.ts";
import { textOf } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import type { ProgramRunner } from "../programs/program-runner.ts";
import type { Keeper } from "../snapshots/keeper.ts";
import { snapshotFailed, type SnapshotInfo } from "../snapshots/snapshotter.ts";
import type { Supervisor } from "../supervisor.ts";
import { abandonUpload, ArchiveUpload } from "./archive-upload.ts";
import { DirectoryStore } from "./directory-store.ts";

/** Enough for what tar says of a failure. */
const WORDS_BYTES = 1_024;

/** What a directory is kept with. */
export interface DirectoryParts {
  readonly id: DurableObjectId;
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly runner: ProgramRunner;
}

/** Keeps one directory of a container by archives in a bucket. */
export class DirectoryKeeper implements Keeper {
  readonly #parts: DirectoryParts;
  readonly #plan: DirectoryPlan;
  readonly #store: DirectoryStore;

  constructor(parts: DirectoryParts, plan: DirectoryPlan) {
    this.#parts = parts;
    this.#plan = plan;
    this.#store = new DirectoryStore(parts.platform.storage);
  }

  list(): SnapshotInfo[] {
    return this.#store.archives.map(toInfo);
  }

  check(): void {
    this.#parts.runner.check();
  }

  async make(name: string | undefined, abandoned: AbortSignal): Promise<() => SnapshotInfo> {
    const { platform, supervisor, id } = this.#parts;
    const { bucket, prefix } = this.#plan;
    const { run } = supervisor.phase;
    this.#checkOpened(run);
    const takenAtMs = platform.clock.now();
    const key = archiveKey(prefix, { id: id.toString(), run, atMs: takenAtMs });
    try {
      await abandonUpload(bucket, this.#store);
      const sizeBytes = await this.#pack(key, abandoned);
      if (abandoned.aborted) platform.keepAlive(abandonUpload(bucket, this.#store));
      return () => this.#remember({ key, name: name ?? null, sizeBytes, takenAtMs });
    } catch (error) {
      platform.keepAlive(abandonUpload(bucket, this.#store));
      throw toFailure(error);
    }
  }

  /** A container that was taken over as it ran may lack the files that are kept. */
  #checkOpened(run: number): void {
    if (this.#store.isOpened(run) || this.#store.archives.length === 0) return;
    throw snapshotFailed(
      `run ${run} did not begin with the files that are kept, and would take their place`,
    );
  }

  async #pack(key: string, signal: AbortSignal): Promise<number> {
    const { runner } = this.#parts;
    const { bucket, path, timeoutMs } = this.#plan;
    const upload = new ArchiveUpload(bucket, key, this.#store);
    const words = new OutputHead(WORDS_BYTES);
    let fault: { readonly error: unknown } | undefined;
    const argv = packCommand(path);
    const plan = { argv, timeoutMs, maxOutputBytes: Infinity, options: {} };
    const { end } = await runner.start({
      plan,
      signal,
      sinks: (stop) => ({
        stdout: async (piece) => {
          if (fault !== undefined) return;
          try {
            await upload.add(piece);
          } catch (error) {
            fault = { error };
            stop();
          }
        },
        stderr: (piece) => words.take("stderr", piece),
      }),
    });
    const { exitCode } = await end;
    if (fault !== undefined) throw fault.error;
    if (exitCode === 0) return await upload.complete();
    throw snapshotFailed(`tar ended with ${exitCode}: ${words.text("stderr").trim()}`);
  }

  #remember(record: ArchiveRecord): SnapshotInfo {
    const dropped = this.#store.add(record, this.#plan.keep);
    if (dropped.length > 0) this.#discard(dropped);
    return toInfo(record);
  }

  /** Not before it is on disk that they are not needed. What cannot be deleted stays. */
  #discard(keys: readonly string[]): void {
    const { keepAlive, storage } = this.#parts.platform;
    const deleted = storage.sync().then(() => this.#plan.bucket.delete([...keys]));
    keepAlive(deleted.catch(() => {}));
  }
}

function toFailure(error: unknown): ContainerError {
  const code = errorCode(error);
  if (code === "SNAPSHOT_FAILED") return error as ContainerError; // ours, by its code
  if (code === "PROGRAM_NOT_FOUND") {
    return snapshotFailed("the image has no tar; add it", error);
  }
  return snapshotFailed(textOf(error), error);
}

function toInfo({ key, name, sizeBytes, takenAtMs }: ArchiveRecord): SnapshotInfo {
  return { id: key, name, sizeBytes, image: null, takenAtMs, expiresAtMs: Infinity };
}
