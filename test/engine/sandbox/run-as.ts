import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** A user that a part of the tests runs as. */
export interface TestUser {
  readonly name: "root" | "nobody";
  /** Why it cannot be done here; `undefined` when it can. */
  readonly obstacle: string | undefined;
}

const isRoot = process.getuid?.() === 0;
const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];

// On most hosts every user may open /dev/net/tun; where not, a private one stands over it.
const openTun = `t=$(mktemp -u); mknod -m 666 $t c 10 200 && mount --bind $t /dev/net/tun; rm -f $t
exec "$@"`;

/** Root, and a user without any rights. */
export const testUsers: readonly TestUser[] = [
  { name: "root", obstacle: isRoot ? undefined : "the tests do not run as root" },
  { name: "nobody", obstacle: isRoot ? nobodyObstacle() : undefined },
];

/** Runs a TypeScript file as a user and returns what it printed as JSON. */
export async function runAs(
  user: TestUser,
  file: string,
  ...fileArgs: readonly string[]
): Promise<unknown> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const drop =
    user.name === "nobody" && isRoot
      ? ["unshare", "--mount", "--", "sh", "-c", openTun, "sh", "setpriv", ...asNobody]
      : [];
  const [program = "", ...args] = [...drop, process.execPath, script, ...fileArgs];
  // File descriptors that a careless parent left open, which must not reach any container.
  const leaked = openSync("/etc/passwd", "r");
  const fds = Array.from({ length: 9 }, () => leaked);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "inherit", ...fds],
    env: { PATH: process.env["PATH"], TMPDIR: "/tmp" },
  });
  closeSync(leaked);
  const value: unknown = JSON.parse(child.stdout === null ? "null" : await text(child.stdout));
  return value;
}

function nobodyObstacle(): string | undefined {
  const source = fileURLToPath(import.meta.url);
  const canRead = ["setpriv", ...asNobody, "test", "-r", source, "-a", "-x", process.execPath];
  if (!succeeds(canRead)) return "nobody may not read the sources or run Node";
  const canUnshare = [
    "setpriv",
    ...asNobody,
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "true",
  ];
  return succeeds(canUnshare) ? undefined : "user namespaces are forbidden here";
}

function succeeds([program = "", ...args]: readonly string[]): boolean {
  return spawnSync(program, args).status === 0;
}
