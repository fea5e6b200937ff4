import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { ControlGroupLayout } from "./control-group-layout.ts";
import type { MemoryControl, ResourceGroup, ResourceLimits } from "./memory-control.ts";

const periodMicroseconds = 100_000;
const removalDeadlineMs = 5_000;
const removalPauseMs = 10;

/**
 * Limits pods by control groups. Processes live one level below the group that has the limits: an
 * app that gets hold of a cgroup file system sees its own group as the root and no limit in it.
 */
export function controlGroupControl(
  layout: ControlGroupLayout,
  options: { readonly prefix: string; readonly enforceCpu: boolean },
): MemoryControl {
  return { openGroup: (name) => new ControlGroup(layout, `${options.prefix}-${name}`, options) };
}

class ControlGroup implements ResourceGroup {
  readonly #layout: ControlGroupLayout;
  readonly #memory: string;
  readonly #cpu: string | undefined;
  #killsBefore = 0;

  constructor(layout: ControlGroupLayout, name: string, options: { readonly enforceCpu: boolean }) {
    this.#layout = layout;
    this.#memory = join(layout.version === "v1" ? layout.memory : layout.directory, name);
    this.#cpu = options.enforceCpu ? cpuDirectory(layout, name) : undefined;
    for (const directory of this.#directories()) makeGroup(directory);
  }

  openJoinFds(): readonly number[] {
    return this.#directories().map((path) => openSync(join(path, "app/cgroup.procs"), "w"));
  }

  applyLimits(limits: ResourceLimits): void {
    this.#killsBefore = this.#countKills();
    const bytes = limits.memoryBytes;
    const { version } = this.#layout;
    const memory = version === "v1" ? "memory.limit_in_bytes" : "memory.max";
    const unlimited = version === "v1" ? "-1" : "max";
    writeFileSync(join(this.#memory, memory), bytes === undefined ? unlimited : `${bytes}`);
    // Swap would only make an app over its limit slow instead of ending it.
    const swap = version === "v1" ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
    const swapLimit = version === "v1" ? `${bytes}` : "0";
    if (bytes !== undefined && existsSync(join(this.#memory, swap)))
      writeFileSync(join(this.#memory, swap), swapLimit);
    if (this.#cpu !== undefined && limits.vcpu !== undefined) this.#limitCpu(limits.vcpu);
  }

  hasKilled(): boolean {
    return this.#countKills() > this.#killsBefore;
  }

  release(): void {
    const { version } = this.#layout;
    const [swap, memory, unlimited] =
      version === "v1"
        ? ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes", "-1"]
        : ["memory.swap.max", "memory.max", "max"];
    for (const file of [swap, memory]) {
      const path = join(this.#memory, file);
      if (existsSync(path)) writeFileSync(path, unlimited);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#directories().map(removeControlGroup));
  }

  #directories(): readonly string[] {
    const isSeparate = this.#cpu !== undefined && this.#cpu !== this.#memory;
    return isSeparate && this.#cpu !== undefined ? [this.#memory, this.#cpu] : [this.#memory];
  }

  #countKills(): number {
    const files =
      this.#layout.version === "v1"
        ? ["memory.oom_control", "app/memory.oom_control"]
        : ["memory.events"];
    return files.reduce((sum, file) => sum + readKills(join(this.#memory, file)), 0);
  }

  #limitCpu(vcpu: number): void {
    if (this.#cpu === undefined) return;
    const quota = Math.max(1_000, Math.round(vcpu * periodMicroseconds));
    if (this.#layout.version === "v2")
      return writeFileSync(join(this.#cpu, "cpu.max"), `${quota} ${periodMicroseconds}`);
    writeFileSync(join(this.#cpu, "cpu.cfs_period_us"), `${periodMicroseconds}`);
    writeFileSync(join(this.#cpu, "cpu.cfs_quota_us"), `${quota}`);
  }
}

/** Removes a group and its children, waiting until the kernel has let go of their processes. */
export async function removeControlGroup(directory: string): Promise<void> {
  const deadlineMs = performance.now() + removalDeadlineMs;
  for (const path of [join(directory, "app"), directory]) {
    while (existsSync(path) && !tryRemove(path) && performance.now() < deadlineMs)
      await delay(removalPauseMs);
  }
}

/** Lists the groups that an engine of some id left. */
export function findControlGroupsOf(layout: ControlGroupLayout, prefix: string): readonly string[] {
  const parents =
    layout.version === "v1" ? [layout.memory, layout.cpu ?? layout.memory] : [layout.directory];
  return [...new Set(parents)].flatMap((parent) =>
    readdirSync(parent)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(parent, name)),
  );
}

function cpuDirectory(layout: ControlGroupLayout, name: string): string | undefined {
  if (layout.version === "v2") return layout.hasCpu ? join(layout.directory, name) : undefined;
  return layout.cpu === undefined ? undefined : join(layout.cpu, name);
}

function makeGroup(directory: string): void {
  mkdirSync(directory);
  const hierarchy = join(directory, "memory.use_hierarchy");
  if (existsSync(hierarchy) && readFileSync(hierarchy, "latin1").trim() === "0")
    writeFileSync(hierarchy, "1");
  mkdirSync(join(directory, "app"));
}

function readKills(file: string): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, "latin1"))?.[1] ?? 0);
  } catch {
    return 0; // Removed, or a kernel that does not count.
  }
}

function tryRemove(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false; // Still busy: the processes' last references go a moment after their exit.
  }
}
