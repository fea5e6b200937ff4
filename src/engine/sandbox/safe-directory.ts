import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
} from "node:fs";

// Node has no name for it: a handle that only names a directory.
const O_PATH = 0o10000000;
const openFlags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * A directory held open, whose children are reached by name only: the kernel resolves
 * /proc/self/fd/N to the very directory, so that no link and no race can lead anywhere else.
 */
export class SafeDirectory {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens a trusted path of the host. */
  static open(path: string): SafeDirectory {
    return new SafeDirectory(openSync(path, O_PATH | constants.O_DIRECTORY));
  }

  /** Reads a regular file below a directory; `undefined` when it is not there or behind a link. */
  static readFileBelow(directory: string, names: readonly string[]): string | undefined {
    const opened: SafeDirectory[] = [];
    try {
      let parent = SafeDirectory.open(directory);
      opened.push(parent);
      for (const name of names.slice(0, -1)) opened.push((parent = parent.child(name)));
      return parent.readText(names.at(-1) ?? "");
    } catch {
      return undefined; // Missing, a link, or no regular file: not usable either way.
    } finally {
      for (const each of opened) each.close();
    }
  }

  /** The path of a child, valid in this process while the directory is open. */
  pathOf(name: string): string {
    if (name === "" || name === "." || name === ".." || name.includes("/"))
      throw new TypeError(`not the name of a child: ${JSON.stringify(name)}`);
    return `/proc/self/fd/${this.fd}/${name}`;
  }

  /** Opens a child directory; fails on a link. */
  child(name: string): SafeDirectory {
    return new SafeDirectory(openSync(this.pathOf(name), openFlags));
  }

  /** Makes a child directory. */
  makeChild(name: string): void {
    mkdirSync(this.pathOf(name));
    chmodSync(this.pathOf(name), 0o755);
  }

  /** Lists the names of the children. */
  list(): readonly string[] {
    return readdirSync(`/proc/self/fd/${this.fd}`);
  }

  /** Looks at a child without following it. */
  statOf(name: string): Stats | undefined {
    return lstatSync(this.pathOf(name), { throwIfNoEntry: false });
  }

  /** Reads a child that is a regular file. */
  readText(name: string): string {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const fd = openSync(this.pathOf(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) throw new TypeError(`no regular file: ${name}`);
      return readFileSync(fd, "utf8");
    } finally {
      closeSync(fd);
    }
  }

  /** Frees the handle. */
  close(): void {
    closeSync(this.fd);
  }
}
