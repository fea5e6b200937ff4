/** What an instance uses; a number that its image or kernel does not tell is undefined. */
export interface InstanceMetrics {
  /** When it was read, in milliseconds since the epoch. */
  readonly atMs: number;
  /**
   * Where CPU and memory were read: the control group of the container, version 2 or 1; the
   * processes in `/proc`, of which those that have ended are left out; or nowhere.
   */
  readonly source: "cgroup2" | "cgroup1" | "proc" | "none";
  /** CPU time used since the container began, in milliseconds. */
  readonly cpuUsageMs: number | undefined;
  /** Memory in use without what the kernel can drop at will, in bytes; shared pages of `/proc` count for each process. */
  readonly memoryUsedBytes: number | undefined;
  /** The limit of the control group, or else the machine's memory, in bytes; undefined where no group is seen. */
  readonly memoryLimitBytes: number | undefined;
  /** Memory of the machine as the container sees it, in bytes: on Cloudflare that of the instance. */
  readonly machineMemoryBytes: number | undefined;
  /** Used on the file system of `/`, in bytes. Needs `df` in the image. */
  readonly diskUsedBytes: number | undefined;
  /** Size of the file system of `/`, in bytes. Needs `df` in the image. */
  readonly diskTotalBytes: number | undefined;
  /** How many processes there are, those that read this included. */
  readonly processCount: number | undefined;
}

const CGROUP = "/sys/fs/cgroup";
const FILES = [
  "cpu.stat",
  "memory.current",
  "memory.max",
  "memory.stat",
  "cpuacct/cpuacct.usage",
  "memory/memory.usage_in_bytes",
  "memory/memory.limit_in_bytes",
  "memory/memory.stat",
];

/** Prints what {@link parseMetrics} reads. Needs `sh` and `cat`; `df` where there is one. */
export const METRICS_SCRIPT = [
  `cd ${CGROUP} 2>/dev/null && for f in ${FILES.join(" ")}; do`,
  '[ -r "$f" ] && echo "== $f" && cat "$f" 2>/dev/null; done',
  'echo "== meminfo"; cat /proc/meminfo 2>/dev/null',
  'echo "== processes"; cat /proc/[0-9]*/stat 2>/dev/null',
  'echo "== df"; df -Pk / 2>/dev/null; exit 0',
].join("\n");

/** Ticks of CPU time in `/proc`, and the size of a page there: both fixed on the platforms in use. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** Reads the output of {@link METRICS_SCRIPT}. Pure. */
export function parseMetrics(output: string, atMs: number): InstanceMetrics {
  const files = sectionsOf(output);
  const file = (name: string): string => files.get(name) ?? "";
  const processes = parseProcesses(file("processes"));
  const machineMemoryBytes = kib(/^MemTotal:\s+(\d+) kB/m.exec(file("meminfo"))?.[1]);
  const disk = /\s(\d+)\s+(\d+)\s+-?\d+\s+\S+\s+\/\s*$/m.exec(file("df")) ?? [];
  const group = parseGroup2(files) ?? parseGroup1(files);
  const { source, cpuUsageMs, memoryUsedBytes } = { ...processes, ...definedOf(group) };
  return {
    ...{ atMs, source, cpuUsageMs, memoryUsedBytes, machineMemoryBytes },
    memoryLimitBytes: limitOf(group, machineMemoryBytes),
    diskUsedBytes: kib(disk[2]),
    diskTotalBytes: kib(disk[1]),
    processCount: processes.processCount,
  };
}

interface GroupUse {
  readonly source: "cgroup2" | "cgroup1";
  readonly cpuUsageMs: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  /** Infinity where the group has none. */
  readonly limitBytes: number;
}

function parseGroup2(files: ReadonlyMap<string, string>): GroupUse | undefined {
  const current = numberOf(files.get("memory.current"));
  const cpu = field(files.get("cpu.stat"), "usage_usec");
  if (current === undefined && cpu === undefined) return undefined;
  return {
    source: "cgroup2",
    cpuUsageMs: cpu === undefined ? undefined : cpu / 1_000,
    memoryUsedBytes: without(current, field(files.get("memory.stat"), "inactive_file")),
    limitBytes: numberOf(files.get("memory.max")) ?? Infinity,
  };
}

function parseGroup1(files: ReadonlyMap<string, string>): GroupUse | undefined {
  const usage = numberOf(files.get("memory/memory.usage_in_bytes"));
  const cpu = numberOf(files.get("cpuacct/cpuacct.usage"));
  if (usage === undefined && cpu === undefined) return undefined;
  const dropped = field(files.get("memory/memory.stat"), "total_inactive_file");
  return {
    source: "cgroup1",
    cpuUsageMs: cpu === undefined ? undefined : cpu / 1_000_000,
    memoryUsedBytes: without(usage, dropped),
    limitBytes: numberOf(files.get("memory/memory.limit_in_bytes")) ?? Infinity,
  };
}

/** Version 1 writes "no limit" as a number beyond any machine's memory. */
function limitOf(group: GroupUse | undefined, machineBytes = Infinity): number | undefined {
  const limitBytes = Math.min(group?.limitBytes ?? Infinity, machineBytes);
  return group === undefined || limitBytes === Infinity ? undefined : limitBytes;
}

/** What a group tells; the processes tell the rest. */
function definedOf(group: GroupUse | undefined): Partial<ProcessUse> {
  const known = Object.entries(group ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known);
}

interface ProcessUse {
  readonly source: InstanceMetrics["source"];
  readonly cpuUsageMs: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly processCount: number | undefined;
}

const NO_PROCESSES: ProcessUse = {
  source: "none",
  cpuUsageMs: undefined,
  memoryUsedBytes: undefined,
  processCount: undefined,
};

/** Lines of `/proc/PID/stat`: a name in brackets may hold anything, so fields count from its end. */
function parseProcesses(text: string): ProcessUse {
  let ticks = 0;
  let pages = 0;
  let processCount = 0;
  for (const line of text.split("\n")) {
    const fields = line.slice(line.lastIndexOf(") ") + 2).split(" ");
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    const residentPages = Number(fields[21]);
    if (!line.includes(") ") || !Number.isInteger(residentPages)) continue;
    ticks += (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0);
    pages += residentPages;
    processCount += 1;
  }
  if (processCount === 0) return NO_PROCESSES;
  return {
    source: "proc",
    cpuUsageMs: ticks * TICK_MS,
    memoryUsedBytes: pages * PAGE_BYTES,
    processCount,
  };
}

function sectionsOf(output: string): ReadonlyMap<string, string> {
  const sections = output.split(/^== /m).slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end + 1)] as const;
    }),
  );
}

function field(text: string | undefined, name: string): number | undefined {
  return numberOf(new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1]);
}

function without(bytes: number | undefined, droppedBytes = 0): number | undefined {
  return bytes === undefined ? undefined : Math.max(0, bytes - droppedBytes);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function kib(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text) * 1_024;
}
