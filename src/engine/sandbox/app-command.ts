import type { ContainerUser } from "./container-user.ts";
import { findTool } from "./host-tools.ts";
import type { SandboxFacts } from "./sandbox.ts";

// Docker's default set without MKNOD, and without AUDIT_WRITE, which nothing here can use.
const capabilities = [
  ...["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"],
  ...["net_bind_service", "net_raw", "sys_chroot", "setfcap"],
];

/** What becomes of the shell in the stage. */
export interface AppCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user: ContainerUser;
}

/**
 * The command line that gives up every privilege and only then enters the container's root. That it
 * enters by chroot also keeps it from making user namespaces, which the kernel refuses in one. The
 * programs before that are the host's, on read-only mounts: nothing of an image runs, or is loaded
 * by a program that runs, with more rights than the container has.
 */
export function appCommand(
  command: AppCommand,
  privilege: SandboxFacts["privilege"],
): readonly string[] {
  return [...dropCommand(command.user, privilege), ...enterCommand(command, privilege)];
}

/** Drops capabilities, gains by exec, and groups. */
export function dropCommand(
  user: ContainerUser,
  privilege: SandboxFacts["privilege"],
): readonly string[] {
  const kept = capabilities.map((name) => `+${name}`).join(",");
  return [
    "setpriv",
    "--no-new-privs",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    `--bounding-set=-all,${kept}`,
    // A user namespace with a single user has no groups to set.
    ...(privilege === "root" ? groupFlags(user) : []),
  ];
}

/** Enters the container's root with the container's environment and user. */
export function enterCommand(
  { argv, env, cwd, user }: AppCommand,
  privilege: SandboxFacts["privilege"],
): readonly string[] {
  return [
    "env",
    "-i",
    // A name that starts with a dash is a name here.
    "--",
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    findTool("unshare") ?? "unshare",
    "--root=/newroot",
    `--wd=${cwd}`,
    // A user namespace of an ordinary user has no other user than its root.
    `--setuid=${privilege === "root" ? user.uid : 0}`,
    "--",
    ...argv,
  ];
}

function groupFlags({ gid, groups }: ContainerUser): readonly string[] {
  return [
    `--regid=${gid}`,
    groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`,
  ];
}
