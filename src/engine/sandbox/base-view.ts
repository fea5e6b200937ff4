import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { makeBaseEtc } from "./base-etc.ts";
import type { HostDirectories } from "./host-directories.ts";
import type { NodeInstallation } from "./node-installation.ts";

/** Directories on the host that the views of all pods are made of; made once, then only read. */
export interface BaseView {
  /** Lowest layer of base "host": filtered /etc, empty /tmp, /var, mount points. */
  readonly hostRoot: string;
  /** Lowest layer of base "none": mount points only. */
  readonly emptyRoot: string;
  /** Laid over the host's /usr and /opt: the way to the running Node. */
  readonly overHost: string;
  /** What a pod's mount namespace pivots into: tools, and mount points of the view. */
  readonly stage: string;
  readonly hostDirectories: HostDirectories;
  readonly node: NodeInstallation;
}

const emptyDirectories = ["proc", "sys", "dev", "run/lock", "mnt", "media", "srv", "home/node"];
const varDirectories = ["cache", "lib", "log", "local", "mail", "opt", "spool", "www"];
/** Devices of the host that a container has. */
export const deviceNames: readonly string[] = ["null", "zero", "full", "random", "urandom", "tty"];

/** Makes the directories below `directory`. */
export function makeBaseView(
  directory: string,
  hostDirectories: HostDirectories,
  node: NodeInstallation,
): BaseView {
  const view: BaseView = {
    hostRoot: join(directory, "host-root"),
    emptyRoot: join(directory, "empty-root"),
    overHost: join(directory, "over-host"),
    stage: join(directory, "stage"),
    hostDirectories,
    node,
  };
  makeHostRoot(view);
  makeDirectories(view.emptyRoot, ["proc", "sys", "dev", "etc", "tmp"]);
  chmodSync(join(view.emptyRoot, "tmp"), 0o1777);
  makeOverHost(view);
  makeStage(view);
  return view;
}

function makeHostRoot({ hostRoot, hostDirectories }: BaseView): void {
  makeDirectories(hostRoot, ["root", "tmp", ...emptyDirectories, ...hostDirectories.directories]);
  makeDirectories(join(hostRoot, "var"), [...varDirectories, "tmp"]);
  for (const [name, target] of hostDirectories.links) symlinkSync(target, join(hostRoot, name));
  symlinkSync("/run", join(hostRoot, "var/run"));
  symlinkSync("/run/lock", join(hostRoot, "var/lock"));
  chmodSync(join(hostRoot, "root"), 0o700);
  for (const name of ["tmp", "var/tmp", "run/lock"]) chmodSync(join(hostRoot, name), 0o1777);
  makeBaseEtc("/etc", join(hostRoot, "etc"));
}

function makeOverHost({ overHost, node }: BaseView): void {
  makeDirectories(overHost, ["usr/local/bin", "opt/node"]);
  for (const [name, target] of node.links)
    symlinkSync(target, join(overHost, "usr/local/bin", name));
}

function makeStage({ stage, hostDirectories, node }: BaseView): void {
  makeDirectories(stage, ["old", "pod", "newroot", "etc", "pre/dev", "pre/proc", "pre/sys"]);
  makeDirectories(stage, hostDirectories.directories);
  for (const [name, target] of hostDirectories.links) symlinkSync(target, join(stage, name));
  symlinkSync("pre/proc", join(stage, "proc"));
  symlinkSync("pre/dev", join(stage, "dev"));
  makeDeviceSkeleton(join(stage, "device-skeleton"));
  makeDirectories(stage, ["pre/node"]);
  for (const [path, source] of node.files) makeMountPoint(join(stage, "pre/node", path), source);
}

function makeMountPoint(target: string, source: string): void {
  const isDirectory = statSync(source).isDirectory();
  makeDirectories(isDirectory ? target : dirname(target), ["."]);
  if (!isDirectory) writeFileSync(target, "");
}

function makeDeviceSkeleton(directory: string): void {
  makeDirectories(directory, ["pts", "shm", "mqueue"]);
  for (const name of deviceNames) writeFileSync(join(directory, name), "");
  symlinkSync("/proc/self/fd", join(directory, "fd"));
  symlinkSync("/proc/self/fd/0", join(directory, "stdin"));
  symlinkSync("/proc/self/fd/1", join(directory, "stdout"));
  symlinkSync("/proc/self/fd/2", join(directory, "stderr"));
  symlinkSync("pts/ptmx", join(directory, "ptmx"));
}

function makeDirectories(parent: string, names: readonly string[]): void {
  for (const name of names) makeOpenDirectory(join(parent, name));
}

/** Makes a directory that every user of a container may enter, whatever the engine's umask is. */
function makeOpenDirectory(path: string): void {
  if (existsSync(path)) return;
  makeOpenDirectory(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
}
