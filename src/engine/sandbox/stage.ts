import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { appCommand, type AppCommand } from "./app-command.ts";
import type { ControlChannel } from "./control-channel.ts";
import { parentOf, sendSignal } from "./find-process.ts";
import { readMountInfo } from "./host-directories.ts";
import type { ResourceGroup } from "./memory-control.ts";
import { planDirectories, planMounts } from "./mount-plan.ts";
import { bindTree, toMountTable, type MountEntry } from "./mount-table.ts";
import { enterNamespaces } from "./namespace-entry.ts";
import type { PodResources } from "./pod-resources.ts";
import { openProcessStreams, type ProcessStreams } from "./process-streams.ts";
import { removeTree } from "./remove-tree.ts";
import type { RootfsSpec } from "./sandbox.ts";
import { exitOf } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { shellQuote } from "./shell-quote.ts";
import { spawnInGroup } from "./spawn-in-group.ts";
import { planStage } from "./stage-plan.ts";
import { makeTopLayer } from "./top-layer.ts";
import { makeLinks, makeOverlayDirectories, makeWorkDirectory } from "./work-directory.ts";

// The shell's first child is pid 1 of the new namespace. `unshare --fork` would do, but reports a
// child that was killed as exit code 1. The shell's own remark "Killed" is not for the app's log: dash
// writes it to where the child's stderr was redirected, so the child redirects it by itself.
const firstChildScript =
  `exec 8>&2 2>/dev/null; ` + `sh -c 'exec 2>&8 8>&-; exec sh "$1" "$2"' sh "$1" "$2"; exit $?`;

/** Where a stage is made. */
export interface StageOptions {
  readonly resources: PodResources;
  readonly podDirectory: string;
  /** The helper's pid on the host. */
  readonly helperPid: number;
  readonly group: ResourceGroup;
}

/**
 * Namespaces in which all is ready but the image: a shell, pid 1 in there, waits for the word and
 * then becomes the app. What takes time is thus done before a start is asked for.
 */
export class Stage {
  readonly streams: ProcessStreams;
  readonly child: ChildProcess;
  /** The app's pid on the host. */
  readonly hostPid: number;
  /** Settles with the exit code when everything in the namespaces is gone. */
  readonly exited: Promise<number>;
  readonly #options: StageOptions;
  readonly #control: ControlChannel;

  constructor(options: StageOptions, parts: StageParts) {
    this.#options = options;
    this.streams = parts.streams;
    this.child = parts.child;
    this.hostPid = parts.hostPid;
    this.exited = parts.exited;
    this.#control = parts.control;
  }

  /** Makes the namespaces and the mounts that do not depend on the image. */
  static async prepare(options: StageOptions): Promise<Stage> {
    const { resources, podDirectory, helperPid, group } = options;
    const plan = planStage(resources.view, resources.mounts, podDirectory);
    writeFileSync(join(podDirectory, "first.fstab"), plan.firstTable);
    writeFileSync(join(podDirectory, "second.fstab"), plan.secondTable);
    writeFileSync(join(podDirectory, "prepare"), plan.script);
    const streams = await openProcessStreams(resources.pipes);
    const command = [
      ...enterNamespaces(helperPid, resources.facts.privilege, ["net", "pid"]),
      ...["unshare", "--pid", "--mount", "--ipc", "--uts", "--cgroup"],
      ...["--", "sh", "-c", firstChildScript, "sh", join(podDirectory, "prepare"), podDirectory],
    ];
    const { child, control } = spawnInGroup(command, streams, group);
    const exited = exitOf(child);
    const { line, text } = await control.until("ready ");
    const hostPid = Number(line?.split(" ")[1]);
    if (!(hostPid > 0)) {
      const reason = `${text} ${String(streams.stderr.read() ?? "")}`.trim();
      throw new SandboxError("LAUNCH_FAILED", `Cannot prepare a pod: ${reason}`);
    }
    assertReadOnly(hostPid);
    return new Stage(options, { streams, child, control, hostPid, exited });
  }

  /** Mounts the image and becomes the app. */
  async launch(rootfs: RootfsSpec, hostname: string, command: AppCommand): Promise<void> {
    const { resources, podDirectory } = this.#options;
    const workDir = makeWorkDirectory(rootfs.writableDir);
    void this.exited.then(() => removeTree(workDir));
    const place = { root: "/newroot", hostRoot: "/old" };
    const plan = planMounts(rootfs, {
      ...place,
      view: resources.view,
      privilege: resources.facts.privilege,
      mounts: resources.mounts,
      workDir,
      linkDir: "/pod",
    });
    makeTopLayer(join(podDirectory, "top"), hostname, plan.parts);
    makeOverlayDirectories(rootfs.writableDir, workDir, plan.parts);
    makeLinks(podDirectory, plan.links);
    const directories = planDirectories(rootfs, place);
    const table = toMountTable([...plan.overlays, ...preparedMounts(rootfs), ...directories]);
    writeFileSync(join(podDirectory, "launch.fstab"), table);
    writeFileSync(join(podDirectory, "launch"), this.#script(hostname, command));
    this.#control.tell("go");
    const { line, text } = await this.#control.until("started");
    this.#control.close();
    if (line === undefined) throw launchError(text, rootfs);
  }

  /**
   * The way to the app's root for this process. Through the shell that waits for the app, since the
   * app itself enters its root a moment after it is launched.
   */
  get root(): string {
    return `/proc/${parentOf(this.hostPid)}/root/newroot`;
  }

  /** Ends every process in the namespaces. */
  kill(): void {
    sendSignal(this.hostPid, 9);
  }

  #script(hostname: string, command: AppCommand): string {
    const name = shellQuote(hostname);
    const argv = appCommand(command, this.#options.resources.facts.privilege);
    return `mount -a -T /pod/launch.fstab >&3 2>&1 || fail mount
umount -l /old >&3 2>&1 || fail umount
{ echo ${name} >&9 || hostname ${name}; } 2>/dev/null
exec 9>&-
echo started >&3
exec 3>&-
exec ${argv.map(shellQuote).join(" ")}
`;
  }
}

/**
 * Programs with full rights run on these mounts for as long as the container lives. A `mount` that
 * knows no read-only binds would leave the host's own files open to it.
 */
function assertReadOnly(hostPid: number): void {
  const mounts = readMountInfo(`/proc/${hostPid}/mountinfo`);
  for (const point of ["/", "/usr", "/pod", "/pre/proc/sys"]) {
    const mount = mounts.findLast(({ mountPoint }) => mountPoint === point);
    if (mount?.options.includes("ro") !== true)
      throw new SandboxError("POD_START_FAILED", `Cannot make ${point} read-only with this mount`);
  }
}

function launchError(text: string, { writableDir }: RootfsSpec): SandboxError {
  const hint = text.includes("overlay")
    ? `; ${writableDir} must be on a file system that may hold an overlay's writes (ext4, xfs, btrfs, ` +
      "tmpfs), so keep the engine's state on one"
    : "";
  return new SandboxError("LAUNCH_FAILED", `Cannot start: ${text.replaceAll("\n", "; ")}${hint}`);
}

function preparedMounts(rootfs: RootfsSpec): readonly MountEntry[] {
  return [
    ...["proc", "sys", "dev"].map((name) => bindTree(`/pre/${name}`, `/newroot/${name}`)),
    ...(rootfs.base === "host"
      ? [bindTree("/pre/node", "/newroot/opt/node", "ro", "nosuid", "nodev")]
      : []),
  ];
}

interface StageParts {
  readonly streams: ProcessStreams;
  readonly child: ChildProcess;
  readonly control: ControlChannel;
  readonly hostPid: number;
  readonly exited: Promise<number>;
}
