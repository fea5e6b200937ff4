import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { findControlGroups } from "../../../src/engine/sandbox/control-group-layout.ts";
import { controlGroupControl } from "../../../src/engine/sandbox/control-groups.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-cgroup-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A directory that looks like a control group file system. */
function fakeRoot(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(directory, "root-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

// As recorded on a systemd host with a delegated user session.
const delegated = {
  "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
  "cgroup.subtree_control": "cpu memory pids\n",
  "user.slice/cgroup.subtree_control": "cpu memory pids\n",
  "user.slice/cgroup.procs": "",
  "user.slice/session-1.scope/cgroup.subtree_control": "\n",
  "user.slice/session-1.scope/cgroup.procs": "812\n",
};
// As recorded on this project's CI: version 1, with an empty version 2 beside it.
const hybrid = {
  "memory/memory.limit_in_bytes": "9223372036854771712\n",
  "cpu/cpu.cfs_quota_us": "-1\n",
  "unified/cgroup.controllers": "\n",
};

describe("findControlGroups()", () => {
  it("finds the nearest group of version 2 that passes memory on", () => {
    const root = fakeRoot(delegated);
    const ownGroups = "0::/user.slice/session-1.scope\n";
    expect(findControlGroups({ root, ownGroups })).toEqual({
      version: "v2",
      directory: join(root, "user.slice"),
      hasCpu: true,
    });
  });

  it("finds version 1 by controller", () => {
    const root = fakeRoot(hybrid);
    const ownGroups = "9:name=systemd:/\n4:memory:/\n1:cpu:/\n0::/\n";
    expect(findControlGroups({ root, ownGroups })).toEqual({
      version: "v1",
      memory: join(root, "memory"),
      cpu: join(root, "cpu"),
    });
  });

  it("finds version 1 where two controllers share a mount and the path is another namespace's", () => {
    const root = fakeRoot({ "cpu,cpuacct/cpu.shares": "1024\n", "memory/tasks": "" });
    const ownGroups = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n";
    expect(findControlGroups({ root, ownGroups })).toEqual({
      version: "v1",
      memory: join(root, "memory"),
      cpu: join(root, "cpu,cpuacct"),
    });
  });

  it("finds nothing where memory is not passed on", () => {
    const root = fakeRoot({ "cgroup.controllers": "cpu\n", "cgroup.subtree_control": "cpu\n" });
    expect(findControlGroups({ root, ownGroups: "0::/\n" })).toBeUndefined();
  });
});

describe("controlGroupControl()", () => {
  it("writes the limits of version 2 above the group that the app is in", () => {
    const root = fakeRoot({});
    const layout = { version: "v2", directory: root, hasCpu: true } as const;
    const group = controlGroupControl(layout, { prefix: "berth-x", enforceCpu: true }).openGroup(
      "1",
    );
    const path = join(root, "berth-x-1");
    writeFileSync(join(path, "memory.swap.max"), "max");
    writeFileSync(join(path, "memory.events"), "oom 0\noom_kill 2\n");
    group.applyLimits({ memoryBytes: 1_000_000, vcpu: 0.5 }, 1);
    expect(readFileSync(join(path, "memory.max"), "utf8")).toBe("1000000");
    expect(readFileSync(join(path, "memory.swap.max"), "utf8")).toBe("0");
    expect(readFileSync(join(path, "cpu.max"), "utf8")).toBe("50000 100000");
    expect(group.hasKilled()).toBe(false);
    writeFileSync(join(path, "memory.events"), "oom 1\noom_kill 3\n");
    expect(group.hasKilled()).toBe(true);
    group.release();
    expect(readFileSync(join(path, "memory.max"), "utf8")).toBe("max");
    expect(existsSync(join(path, "app"))).toBe(true);
  });

  it("writes the limits of version 1, memory before memory and swap, and back in reverse", () => {
    const root = fakeRoot({ "memory/x": "", "cpu/x": "" });
    const layout = { version: "v1", memory: join(root, "memory"), cpu: join(root, "cpu") } as const;
    const group = controlGroupControl(layout, { prefix: "berth-y", enforceCpu: true }).openGroup(
      "1",
    );
    const path = join(root, "memory/berth-y-1");
    writeFileSync(join(path, "memory.memsw.limit_in_bytes"), "-1");
    group.applyLimits({ memoryBytes: 5_000, vcpu: 2 }, 1);
    expect(readFileSync(join(path, "memory.limit_in_bytes"), "utf8")).toBe("5000");
    expect(readFileSync(join(path, "memory.memsw.limit_in_bytes"), "utf8")).toBe("5000");
    expect(readFileSync(join(root, "cpu/berth-y-1/cpu.cfs_quota_us"), "utf8")).toBe("200000");
    writeFileSync(join(path, "app/memory.oom_control"), "under_oom 0\noom_kill 1\n");
    expect(group.hasKilled()).toBe(true);
    group.release();
    expect(readFileSync(join(path, "memory.limit_in_bytes"), "utf8")).toBe("-1");
  });

  it("leaves the CPU alone unless it is to be enforced", () => {
    const root = fakeRoot({ "memory/x": "", "cpu/x": "" });
    const layout = { version: "v1", memory: join(root, "memory"), cpu: join(root, "cpu") } as const;
    const group = controlGroupControl(layout, { prefix: "berth-z", enforceCpu: false }).openGroup(
      "1",
    );
    group.applyLimits({ vcpu: 1 }, 1);
    expect(existsSync(join(root, "cpu/berth-z-1"))).toBe(false);
  });
});
