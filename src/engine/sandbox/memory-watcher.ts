import { readdirSync, readFileSync } from "node:fs";

import { sendSignal } from "./find-process.ts";
import type { MemoryControl, ResourceGroup, ResourceLimits } from "./memory-control.ts";

const intervalMs = 100;

/** Limits memory where no control group can be made: looks at the processes and ends the app. */
export function watchedMemory(
  measure: (hostPid: number) => number = containerMemoryBytes,
): MemoryControl {
  return { openGroup: () => new WatchedGroup(measure) };
}

class WatchedGroup implements ResourceGroup {
  readonly #measure: (hostPid: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #hasKilled = false;

  constructor(measure: (hostPid: number) => number) {
    this.#measure = measure;
  }

  openJoinFds(): readonly number[] {
    return [];
  }

  applyLimits(limits: ResourceLimits, hostPid: number): void {
    this.release();
    this.#hasKilled = false;
    const { memoryBytes } = limits;
    if (memoryBytes === undefined) return;
    this.#timer = setInterval(() => this.#check(memoryBytes, hostPid), intervalMs).unref();
  }

  hasKilled(): boolean {
    return this.#hasKilled;
  }

  release(): void {
    clearInterval(this.#timer);
  }

  close(): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  #check(limitBytes: number, hostPid: number): void {
    if (this.#measure(hostPid) <= limitBytes) return;
    this.#hasKilled = sendSignal(hostPid, 9) || this.#hasKilled;
    this.release();
  }
}

/**
 * Adds up the memory that only a container's processes have: files that they map are shared with
 * others. The container's own /proc lists exactly its processes, those of `exec` included.
 */
export function containerMemoryBytes(hostPid: number): number {
  const proc = `/proc/${hostPid}/root/proc`;
  return listPids(proc).reduce((sum, pid) => sum + ownMemoryBytes(`${proc}/${pid}/status`), 0);
}

function listPids(proc: string): readonly string[] {
  try {
    return readdirSync(proc).filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // The container has ended.
  }
}

function ownMemoryBytes(statusFile: string): number {
  try {
    const status = readFileSync(statusFile, "latin1");
    return ["RssAnon", "RssShmem"].reduce((sum, name) => sum + fieldBytes(status, name), 0);
  } catch {
    return 0; // It has ended.
  }
}

function fieldBytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1_024;
}
