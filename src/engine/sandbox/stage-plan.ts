import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

import { deviceNames, type BaseView } from "./base-view.ts";
import { lockedFlags, type MountInfo } from "./host-directories.ts";
import { bindMount, toMountTable, type MountEntry } from "./mount-table.ts";
import { shellQuote } from "./shell-quote.ts";

/** The files that bring a fresh mount namespace to where only an image's layers are missing. */
export interface StagePlan {
  /** Mounts before the device skeleton is copied. */
  readonly firstTable: string;
  /** Mounts after it. */
  readonly secondTable: string;
  /** Run by the shell that becomes the app; takes the pod's directory as `$1`. */
  readonly script: string;
}

const safe = ["nosuid", "nodev"];
// Docker's lists: what of /proc a container must not see, and what it must not write.
const maskedProc = [
  ...["acpi", "asound", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list"],
  ...["timer_stats", "interrupts", "kallsyms", "kmsg", "config.gz", "vmallocinfo", "iomem"],
  ...["slabinfo", "kpagecount", "kpageflags", "kpagecgroup", "modules", "mounts_all", "pressure"],
];
const readOnlyProc = ["bus", "fs", "irq", "sys", "sysrq-trigger", "mtrr", "driver", "tty"];

/** Plans the stage: it is the same for every pod of an engine but for the pod's own directory. */
export function planStage(
  view: BaseView,
  mounts: readonly MountInfo[],
  podDirectory: string,
): StagePlan {
  return {
    firstTable: toMountTable([
      bindMount(view.stage, view.stage, "ro", ...safe),
      ...toolMounts(view, mounts),
      ...procMounts(view.stage),
      {
        source: "sys",
        target: join(view.stage, "pre/sys"),
        type: "tmpfs",
        options: ["ro", "size=0", ...safe],
      },
      {
        source: "dev",
        target: join(view.stage, "pre/dev"),
        type: "tmpfs",
        options: ["nosuid", "mode=755", "size=65536k"],
      },
      bindMount(podDirectory, join(view.stage, "pod"), "ro", ...safe),
    ]),
    secondTable: toMountTable(deviceMounts(view.stage)),
    script: stageScript(view.stage),
  };
}

function toolMounts(
  { stage, hostDirectories, node }: BaseView,
  mounts: readonly MountInfo[],
): readonly MountEntry[] {
  const directories = hostDirectories.directories.filter((name) => name !== "opt");
  return [
    ...directories.map((name) =>
      bindMount(`/${name}`, join(stage, name), "ro", ...safe, ...lockedFlags(`/${name}`, mounts)),
    ),
    ...[...node.files].map(([path, source]) =>
      bindMount(source, join(stage, "pre/node", path), "ro", ...safe),
    ),
  ];
}

function procMounts(stage: string): readonly MountEntry[] {
  const proc = join(stage, "pre/proc");
  const exists = (name: string): boolean => existsSync(join("/proc", name));
  return [
    { source: "proc", target: proc, type: "proc", options: ["noexec", ...safe] },
    ...readOnlyProc
      .filter(exists)
      .map((name) => bindMount(join(proc, name), join(proc, name), "ro", "noexec", ...safe)),
    ...maskedProc.filter(exists).map((name) => maskMount(join("/proc", name), join(proc, name))),
  ];
}

function maskMount(original: string, target: string): MountEntry {
  if (!statSync(original).isDirectory()) return bindMount("/dev/null", target);
  return { source: "mask", target, type: "tmpfs", options: ["ro", "size=0", ...safe] };
}

function deviceMounts(stage: string): readonly MountEntry[] {
  const dev = join(stage, "pre/dev");
  return [
    ...deviceNames
      .filter((name) => existsSync(join("/dev", name)))
      .map((name) => bindMount(join("/dev", name), join(dev, name), "nosuid", "noexec")),
    {
      source: "devpts",
      target: join(dev, "pts"),
      type: "devpts",
      options: ["newinstance", "ptmxmode=0666", "mode=620", "nosuid", "noexec"],
    },
    {
      source: "shm",
      target: join(dev, "shm"),
      type: "tmpfs",
      options: ["nosuid", "nodev", "noexec", "mode=1777", "size=65536k"],
    },
  ];
}

/**
 * File descriptor 3 talks to the engine. The old root stays mounted on /old until the launch, for
 * the image's layers are there; the app starts only after it is gone.
 */
function stageScript(stage: string): string {
  return `umask 022
fail() { echo "failed $1" >&3; exit 125; }
read -r host_pid rest </proc/self/stat
mount -a -T "$1/first.fstab" >&3 2>&1 || fail first
cp -R -P ${shellQuote(stage)}/device-skeleton/. ${shellQuote(stage)}/pre/dev/ >&3 2>&1 || fail devices
mount -a -T "$1/second.fstab" >&3 2>&1 || fail second
[ -w /proc/sys/kernel/hostname ] && exec 9>/proc/sys/kernel/hostname
cd ${shellQuote(stage)} && pivot_root . old >&3 2>&1 && cd / || fail pivot_root
echo "ready $host_pid" >&3
read -r go <&3 || exit 0
. /pod/launch
`;
}
