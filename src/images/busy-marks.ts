import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { isProcessAlive } from "./is-process-alive.ts";

/** Times that we set are of whole milliseconds, and a file system's own clock ticks more slowly yet. */
const CLOCK_SLACK_MS = 1_000;

/**
 * Says who works with a store: one file each, named by its process, whose time is when that began.
 * What was asked for since then may be wanted again by one who has no record of it yet.
 */
export class BusyMarks {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Marks this process as at work until that is disposed of. */
  async hold(): Promise<AsyncDisposable> {
    const path = join(this.directory, `${process.pid}.${randomBytes(6).toString("hex")}`);
    writeFileSync(path, "", { flag: "wx" });
    return { [Symbol.asyncDispose]: async () => rmSync(path, { force: true }) };
  }

  /** @returns before when the oldest work under way began; now when there is none */
  async oldestMs(): Promise<number> {
    let oldestMs = Date.now();
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      if (isProcessAlive(Number.parseInt(name, 10))) {
        const stats = await stat(path).catch(() => undefined); // it may end meanwhile
        oldestMs = Math.min(oldestMs, (stats?.mtimeMs ?? oldestMs) - CLOCK_SLACK_MS);
      } else await rm(path, { force: true }); // it was killed
    }
    return oldestMs;
  }
}
