import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** Files of the running Node that containers see under /opt/node, when it is not in /usr or /opt. */
export interface NodeInstallation {
  /** From the path below /opt/node to the path on the host. */
  readonly files: ReadonlyMap<string, string>;
  /** Links for /usr/local/bin: name to target. */
  readonly links: ReadonlyMap<string, string>;
}

const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  npm: { npm: "bin/npm-cli.js", npx: "bin/npx-cli.js" },
  corepack: { corepack: "dist/corepack.js" },
};

/**
 * Finds what to show of a Node installation. Only the program and its package managers: the prefix
 * itself may be a home directory's `.local`, which holds secrets.
 */
export function findNodeInstallation(prefix: string): NodeInstallation {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const node = join(prefix, "bin/node");
  if (!existsSync(node) || isInView(realpathSync(node))) return { files, links };
  files.set("bin/node", realpathSync(node));
  links.set("node", "/opt/node/bin/node");
  for (const [name, programs] of Object.entries(packages)) {
    const directory = join(prefix, "lib/node_modules", name);
    if (!existsSync(directory)) continue;
    files.set(`lib/node_modules/${name}`, realpathSync(directory));
    for (const [program, path] of Object.entries(programs))
      links.set(program, `/opt/node/lib/node_modules/${name}/${path}`);
  }
  return { files, links };
}

/** The prefix of the Node that runs this process. */
export function ownNodePrefix(): string {
  return dirname(dirname(realpathSync(process.execPath)));
}

function isInView(path: string): boolean {
  return path.startsWith("/usr/") || path.startsWith("/opt/");
}
