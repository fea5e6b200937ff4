import { accessSync, constants, existsSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

import { SandboxError } from "./sandbox-error.ts";

/** Where host tools are looked up, and nowhere else: the same paths exist inside a pod's stage. */
export const toolPath = "/usr/sbin:/usr/bin:/sbin:/bin";

interface ToolNeed {
  readonly package: { readonly apt: string; readonly dnf: string; readonly apk: string };
  /** Whether BusyBox's applet of that name has what the sandbox needs. */
  readonly isBusyboxEnough: boolean;
}

const utilLinux = { apt: "util-linux", dnf: "util-linux", apk: "util-linux-misc" };
const needs: Readonly<Record<string, ToolNeed>> = {
  unshare: { package: utilLinux, isBusyboxEnough: false },
  nsenter: { package: utilLinux, isBusyboxEnough: false },
  setpriv: { package: { ...utilLinux, apk: "setpriv" }, isBusyboxEnough: false },
  mount: { package: { ...utilLinux, apt: "mount", apk: "mount" }, isBusyboxEnough: false },
  umount: { package: { ...utilLinux, apt: "mount", apk: "umount" }, isBusyboxEnough: true },
  pivot_root: { package: utilLinux, isBusyboxEnough: true },
  ip: { package: { apt: "iproute2", dnf: "iproute", apk: "iproute2" }, isBusyboxEnough: true },
  sh: { package: { apt: "dash", dnf: "bash", apk: "busybox" }, isBusyboxEnough: true },
  env: { package: { apt: "coreutils", dnf: "coreutils", apk: "busybox" }, isBusyboxEnough: true },
  cp: { package: { apt: "coreutils", dnf: "coreutils", apk: "busybox" }, isBusyboxEnough: true },
  setsid: { package: { ...utilLinux, apk: "setsid" }, isBusyboxEnough: true },
  xargs: {
    package: { apt: "findutils", dnf: "findutils", apk: "findutils" },
    isBusyboxEnough: true,
  },
  mkfifo: {
    package: { apt: "coreutils", dnf: "coreutils", apk: "busybox" },
    isBusyboxEnough: true,
  },
  script: {
    package: { apt: "bsdutils", dnf: "util-linux", apk: "util-linux-misc" },
    isBusyboxEnough: false,
  },
  stty: { package: { apt: "coreutils", dnf: "coreutils", apk: "busybox" }, isBusyboxEnough: true },
};

/** The tools without which no pod can be made. */
export const podTools: readonly string[] = Object.keys(needs).filter(
  (name) => name !== "script" && name !== "stty",
);

/** Finds a program of the host; `undefined` when there is none. */
export function findTool(name: string, path: string = toolPath): string | undefined {
  for (const directory of path.split(":")) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
    } catch {
      continue; // Not here: look in the next directory.
    }
    const isBusybox = basename(realpathSync(file)).startsWith("busybox");
    if (!isBusybox || needs[name]?.isBusyboxEnough !== false) return file;
  }
  return undefined;
}

/**
 * Checks that every tool is there.
 *
 * @throws {SandboxError} `HOST_TOOL_MISSING` naming all that are missing and how to install them
 */
export function requireTools(names: readonly string[], path: string = toolPath): void {
  const missing = names.filter((name) => findTool(name, path) === undefined);
  if (missing.length === 0) return;
  throw new SandboxError(
    "HOST_TOOL_MISSING",
    `Cannot run containers as processes: ${missing.join(", ")} not found in ${path}; ` +
      `install with: ${installCommand(missing)}`,
  );
}

/** Says how this host installs the packages of some tools. */
export function installCommand(
  names: readonly string[],
  has: (file: string) => boolean = existsSync,
): string {
  const manager = has("/sbin/apk") ? "apk" : has("/usr/bin/dnf") ? "dnf" : "apt";
  const packages = names.map((name) => needs[name]?.package[manager] ?? name);
  const verb = { apk: "apk add", dnf: "dnf install -y", apt: "apt-get install -y" }[manager];
  return `${verb} ${[...new Set(packages)].join(" ")}`;
}
