import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own that is soon full. Only root may make one. */
export class SmallDisk implements AsyncDisposable {
  /** Its only directory. */
  readonly path: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.path = join(root, "small");
  }

  static async mount(sizeBytes: number): Promise<SmallDisk> {
    const disk = new SmallDisk(await mkdtemp(join(tmpdir(), "berth-disk-")));
    await mkdir(disk.path);
    const options = `size=${sizeBytes}`;
    const mount = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk.path]);
    if (mount.status !== 0) throw new Error(`Cannot mount a tmpfs: ${String(mount.stderr)}`);
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    spawnSync("umount", [this.path]);
    await rm(this.#root, { recursive: true, force: true });
  }
}
