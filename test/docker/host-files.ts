import { execFile } from "node:child_process";
import { access, chmod, constants, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** What tests and Dockerfiles run in containers, and what the sidecar and workerd do. */
const PROGRAMS = [
  ...["sh", "tar", "gzip", "ip", "nft", "ps", "grep", "sed", "find", "xargs"],
  ...["base64", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dd", "df", "dirname"],
  ...[
    "du",
    "echo",
    "env",
    "false",
    "head",
    "hostname",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mkfifo",
  ],
  ...["mktemp", "mv", "nohup", "printenv", "printf", "pwd", "readlink", "realpath", "rm", "rmdir"],
  ...[
    "seq",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "stty",
    "sync",
    "tail",
    "tee",
    "test",
    "timeout",
  ],
  ...["touch", "tr", "true", "truncate", "tty", "uname", "uniq", "wc", "whoami", "yes"],
];
const PATH = ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const ACCOUNTS = {
  passwd: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n",
  group: "root:x:0:\nnode:x:1000:\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** Fills a folder with a root file system of this machine's Node, shell and tools. */
export async function copyHostFiles(root: string): Promise<void> {
  for (const folder of ["usr/local/bin", "usr/bin", "tmp", "root", "home/node", "etc", "var/tmp"])
    await mkdir(join(root, folder), { recursive: true });
  for (const folder of ["tmp", "var/tmp"]) await chmod(join(root, folder), 0o1777);
  await symlink("usr/bin", join(root, "bin"));
  for (const [name, text] of Object.entries(ACCOUNTS))
    await writeFile(join(root, "etc", name), text);
  await copyProgram(process.execPath, join(root, "usr/local/bin/node"), root);
  for (const name of PROGRAMS) {
    const file = await findProgram(name);
    if (file !== undefined) await copyProgram(file, join(root, "usr/bin", name), root);
  }
}

async function copyProgram(file: string, target: string, root: string): Promise<void> {
  await copyFile(file, target);
  for (const library of await librariesOf(file)) {
    // The links of this machine's folders are folders there, so that each file is where it is said.
    const place = join(root, library);
    await mkdir(dirname(place), { recursive: true });
    await copyFile(library, place);
  }
}

/** Reads what `ldd` prints: "name => /path (0x…)", or "/path (0x…)" of the loader. */
async function librariesOf(file: string): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)("ldd", [file]);
    return [...stdout.matchAll(/(?:^\s*|=> )(\/\S+) \(0x/gm)].map(([, path]) => path ?? "");
  } catch {
    return []; // linked statically, or a script
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of PATH) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
