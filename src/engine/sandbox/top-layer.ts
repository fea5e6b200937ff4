import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes the read-only layer that lies over an image: the instance's own hosts, hostname and
 * resolv.conf, and plain directories where something is mounted, so that an image cannot have a
 * link there and lead a mount astray.
 */
export function makeTopLayer(
  directory: string,
  hostname: string,
  mountPoints: readonly string[],
): void {
  rmSync(directory, { recursive: true, force: true });
  for (const name of ["", "etc", "proc", "sys", "dev", ...mountPoints]) {
    mkdirSync(join(directory, name), { recursive: true });
    chmodSync(join(directory, name), 0o755);
  }
  const files = {
    hostname: `${hostname}\n`,
    hosts: `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 ${hostname}\n`,
    "resolv.conf": "nameserver 127.0.0.1\n",
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, "etc", name), text);
    chmodSync(join(directory, "etc", name), 0o644);
  }
}
