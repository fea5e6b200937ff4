import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Duplex } from "node:stream";

import { makeBaseView } from "./base-view.ts";
import { ControlChannel } from "./control-channel.ts";
import { findPrivilege, userNamespaceFlags } from "./find-privilege.ts";
import { findHostDirectories, readMountInfo } from "./host-directories.ts";
import { planDirectories, planMounts } from "./mount-plan.ts";
import { toMountTable } from "./mount-table.ts";
import { removeTree } from "./remove-tree.ts";
import { toolEnv } from "./run-tool.ts";
import type { RootfsSpec, SandboxFacts } from "./sandbox.ts";
import { exitOf } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { makeTopLayer } from "./top-layer.ts";
import { makeMountPoints } from "./working-directory.ts";
import { makeLinks, makeOverlayDirectories, makeWorkDirectory } from "./work-directory.ts";

/** A container's file system while no process of it runs. */
export interface MountedView {
  /** The way to its root for this process. */
  readonly root: string;
  close(): Promise<void>;
}

const script = `read -r host_pid rest </proc/self/stat
mount -a -T "$1/fstab" >&3 2>&1 && cd "$1/view" && echo "ready $host_pid" >&3
read -r done <&3
`;

/**
 * Mounts a root file system in a mount namespace of its own, held by a waiting shell. The kernel's
 * own overlay is the only thing that reads layers right: Node cannot see the marks in attributes.
 */
export async function mountView(rootfs: RootfsSpec): Promise<MountedView> {
  const privilege = await findPrivilege();
  const workDir = makeWorkDirectory(rootfs.writableDir);
  prepareView(rootfs, workDir, privilege);
  const user = privilege === "root" ? [] : userNamespaceFlags;
  const child = spawn("unshare", [...user, "--mount", "--", "sh", "-c", script, "sh", workDir], {
    env: toolEnv,
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const exited = exitOf(child);
  const stream = child.stdio[3];
  if (!(stream instanceof Duplex)) throw new TypeError("the control channel is no stream");
  const control = new ControlChannel(stream);
  const close = async (): Promise<void> => {
    control.close();
    await exited;
    removeTree(workDir);
  };
  const { line, text } = await control.until("ready ");
  if (line !== undefined) return { root: `/proc/${line.split(" ")[1] ?? ""}/cwd`, close };
  await close();
  throw new SandboxError("ROOTFS_INVALID", `Cannot mount the container's files: ${text}`);
}

function prepareView(
  rootfs: RootfsSpec,
  workDir: string,
  privilege: SandboxFacts["privilege"],
): void {
  const view = makeBaseView(join(workDir, "base-view"), findHostDirectories(), noNode);
  const place = { root: join(workDir, "view"), hostRoot: "/" };
  const plan = planMounts(rootfs, {
    ...place,
    view,
    privilege,
    mounts: readMountInfo(),
    workDir: join(workDir, "overlay"),
    linkDir: workDir,
  });
  for (const name of ["view", "overlay"]) mkdirSync(join(workDir, name));
  makeTopLayer(join(workDir, "top"), "localhost", plan.parts);
  makeOverlayDirectories(rootfs.writableDir, join(workDir, "overlay"), plan.parts);
  makeLinks(workDir, plan.links);
  makeMountPoints(rootfs, view);
  const table = toMountTable([...plan.overlays, ...planDirectories(rootfs, place)]);
  writeFileSync(join(workDir, "fstab"), table);
}

const noNode = { files: new Map<string, string>(), links: new Map<string, string>() };
