import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { METRICS_SCRIPT, parseMetrics } from "../../../src/core/metrics/parse-metrics.ts";

const NODE =
  "1 (MainThread) S 0 0 0 0 -1 4194560 3472 598 1 0 10 7 3 2 20 0 7 0 5639474 1440755712 12066 18446744073709551615 7626752 52430497 140731905431360 0 0 0 0 16781312 17922 0 0 0 17 0 0 0 0 0 0 112535000 112706784 592711680 140731905433153 140731905433165 140731905433165 140731905433572 0\n";
const ODD_NAME =
  "14 (a) (b c) S 1 0 0 0 -1 4194560 387 116 0 0 0 3 0 0 20 0 1 0 5640045 2654208 349 18446744073709551615 94520258809856 0 0 0 0 0 0 65538 1 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
const MEMINFO = "== meminfo\nMemTotal:       24683620 kB\nMemFree:        17878996 kB\n";
const PROCESSES = `== processes\n${NODE}${ODD_NAME}`;
const DF =
  "== df\nFilesystem     1024-blocks     Used Available Capacity Mounted on\noverlay          264212084 30278128  76112784      29% /\n";
const REST = `${MEMINFO}${PROCESSES}${DF}`;

const GROUP2 =
  "== cpu.stat\nusage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnr_periods 0\n" +
  "== memory.current\n52428800\n== memory.max\n268435456\n" +
  "== memory.stat\nanon 40000000\nfile 12000000\ninactive_file 2428800\nactive_file 9571200\n";

const GROUP1 =
  "== cpuacct/cpuacct.usage\n9876543210\n== memory/memory.usage_in_bytes\n73400320\n" +
  "== memory/memory.limit_in_bytes\n9223372036854771712\n" +
  "== memory/memory.stat\ncache 1\ninactive_file 5\ntotal_inactive_file 3400320\n";

describe("METRICS_SCRIPT", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "berth-metrics-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function write(path: string, content: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  /** What it prints where `/sys` and `/proc` are those of the test. */
  function print(): string {
    const script = METRICS_SCRIPT.replaceAll(/\/(?:sys|proc)\//g, (path) => `${root}${path}`);
    const { status, stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    expect(status).toBe(0);
    return stdout;
  }

  it("prints the files of a group of either version, the machine's and those of processes", () => {
    for (const section of `${GROUP2}${GROUP1}`.split("== ").slice(1)) {
      const [name = "", ...lines] = section.split("\n");
      write(`sys/fs/cgroup/${name}`, lines.join("\n"));
    }
    write("sys/fs/cgroup/cpu.max", "max 100000\n");
    write("proc/meminfo", MEMINFO.replace("== meminfo\n", ""));
    write("proc/1/stat", NODE);
    write("proc/14/stat", ODD_NAME);
    write("proc/self/stat", NODE);
    const [before, df = ""] = print().split("== df\n");
    expect(before).toBe(`${GROUP2}${GROUP1}${MEMINFO}${PROCESSES}`);
    expect(parseMetrics(`== df\n${df}`, 0).diskTotalBytes).toBeGreaterThan(0);
  });

  it("prints the rest where no group is seen", () => {
    write("proc/1/stat", NODE);
    expect(print().split("== df\n")[0]).toBe(`== meminfo\n== processes\n${NODE}`);
  });
});

describe("parseMetrics()", () => {
  it("reads a control group of version 2", () => {
    expect(parseMetrics(`${GROUP2}${REST}`, 7)).toEqual({
      atMs: 7,
      source: "cgroup2",
      cpuUsageMs: 1_234.567,
      memoryUsedBytes: 50_000_000,
      memoryLimitBytes: 268_435_456,
      machineMemoryBytes: 24_683_620 * 1_024,
      diskUsedBytes: 30_278_128 * 1_024,
      diskTotalBytes: 264_212_084 * 1_024,
      processCount: 2,
    });
  });

  it("reads one of version 1, whose limit is none", () => {
    expect(parseMetrics(`${GROUP1}${REST}`, 7)).toMatchObject({
      source: "cgroup1",
      cpuUsageMs: 9_876.54321,
      memoryUsedBytes: 70_000_000,
      memoryLimitBytes: 24_683_620 * 1_024,
    });
  });

  it("takes the machine's memory for the limit of a group that has none", () => {
    const output = `${GROUP2.replace("268435456", "max")}${REST}`;
    expect(parseMetrics(output, 0).memoryLimitBytes).toBe(24_683_620 * 1_024);
  });

  it("takes the limit of version 1 where it is below the machine's memory", () => {
    const output = `${GROUP1.replace("9223372036854771712", "268435456")}${REST}`;
    expect(parseMetrics(output, 0).memoryLimitBytes).toBe(268_435_456);
  });

  it("knows no limit where neither the group nor the machine tells one", () => {
    const output = GROUP2.replace("268435456", "max");
    expect(parseMetrics(output, 0).memoryLimitBytes).toBeUndefined();
  });

  it.each(["-1", "1.5", "5 kB", "5\n6"])("takes a limit of %j for none", (limit) => {
    const output = `${GROUP2.replace("268435456", limit)}${REST}`;
    expect(parseMetrics(output, 0).memoryLimitBytes).toBe(24_683_620 * 1_024);
  });

  it("sums up processes where no group is seen, and then knows no limit", () => {
    expect(parseMetrics(REST, 0)).toMatchObject({
      source: "proc",
      cpuUsageMs: (10 + 7 + 3 + 2 + 3) * 10,
      memoryUsedBytes: (12_066 + 349) * 4_096,
      memoryLimitBytes: undefined,
      processCount: 2,
    });
  });

  it("takes from the processes what a root group does not tell", () => {
    const root = "== cpu.stat\nusage_usec 5000000\n";
    expect(parseMetrics(`${root}${REST}`, 0)).toMatchObject({
      source: "cgroup2",
      cpuUsageMs: 5_000,
      memoryUsedBytes: (12_066 + 349) * 4_096,
    });
  });

  it.each([
    ["cgroup2", "== memory.current\n70000000\n"],
    ["cgroup1", "== memory/memory.usage_in_bytes\n70000000\n"],
  ])("takes from the processes the CPU time that a group of %s does not tell", (source, group) => {
    expect(parseMetrics(`${group}${REST}`, 0)).toMatchObject({
      source,
      cpuUsageMs: (10 + 7 + 3 + 2 + 3) * 10,
      memoryUsedBytes: 70_000_000,
    });
  });

  it("takes from them the memory that a group of version 1 does not tell", () => {
    const group = "== cpuacct/cpuacct.usage\n9876543210\n";
    expect(parseMetrics(`${group}${REST}`, 0)).toMatchObject({
      source: "cgroup1",
      cpuUsageMs: 9_876.54321,
      memoryUsedBytes: (12_066 + 349) * 4_096,
    });
  });

  it.each([
    ["/dev/vda 200 100 100 50% /", 200, 100],
    ["/dev/vda   200   100   100  50%   /  ", 200, 100],
    ["/dev/vda 200 210 -10 105% /", 200, 210],
    ["a disk 200 100 100 50% /", 200, 100],
    ["/dev/vda 200 100 100 50% /data", undefined, undefined],
    ["/dev/vda - - - - /", undefined, undefined],
  ])("reads of %j a disk of %j KiB, %j of them used", (row, total, used) => {
    const { diskTotalBytes, diskUsedBytes } = parseMetrics(`== df\n${row}`, 0);
    expect([diskTotalBytes, diskUsedBytes]).toEqual([
      total === undefined ? undefined : total * 1_024,
      used === undefined ? undefined : used * 1_024,
    ]);
  });

  it("reads the machine's memory from the field of exactly that name", () => {
    const output = "== meminfo\nLowMemTotal: 5 kB\nMemTotal: 7 kB\n";
    expect(parseMetrics(output, 0).machineMemoryBytes).toBe(7 * 1_024);
  });

  it("takes the name of a process for no beginning of a section", () => {
    const output = `== processes\n${NODE.replace("MainThread", "a == b")}${ODD_NAME}`;
    expect(parseMetrics(output, 0).processCount).toBe(2);
  });

  it("leaves out what comes before the first section, and a line that is of no process", () => {
    expect(parseMetrics(`meminfo\nMemTotal: 5 kB\n${DF}`, 0).machineMemoryBytes).toBeUndefined();
    const line = NODE.replace(" (MainThread)", "");
    expect(parseMetrics(`== processes\n${NODE}${line}`, 0).processCount).toBe(1);
  });

  it.each(["", "sh: cat: not found\n", "== meminfo\n== processes\n== df\n"])(
    "knows nothing of an image that tells nothing: %j",
    (output) => {
      expect(parseMetrics(output, 3)).toEqual({
        atMs: 3,
        source: "none",
        cpuUsageMs: undefined,
        memoryUsedBytes: undefined,
        memoryLimitBytes: undefined,
        machineMemoryBytes: undefined,
        diskUsedBytes: undefined,
        diskTotalBytes: undefined,
        processCount: undefined,
      });
    },
  );

  it("leaves out what was cut short", () => {
    expect(parseMetrics(`== processes\n${NODE}14 (sh) S 0 0`, 0).processCount).toBe(1);
  });
});
