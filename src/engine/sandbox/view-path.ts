import { readlinkSync } from "node:fs";

import { SafeDirectory } from "./safe-directory.ts";
import { SandboxError } from "./sandbox-error.ts";

const linkLimit = 40;

/** Splits a path; `.` and empty parts mean nothing. */
export function splitPath(path: string): readonly string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/**
 * A place in a container's file system, known by the directories that lead there, all held open.
 * Links are resolved against the container's root, `..` never leads above it.
 */
export class ViewPath {
  readonly #stack: SafeDirectory[];

  constructor(stack: SafeDirectory[]) {
    this.#stack = stack;
  }

  /** Opens the root of a view. */
  static root(path: string): ViewPath {
    return new ViewPath([SafeDirectory.open(path)]);
  }

  /** The directory itself. */
  get directory(): SafeDirectory {
    const directory = this.#stack.at(-1);
    if (directory === undefined) throw new TypeError("a view path has a root");
    return directory;
  }

  /** Opens the same place again, to go on from there. */
  copy(): ViewPath {
    return new ViewPath(this.#stack.map((each) => SafeDirectory.open(`/proc/self/fd/${each.fd}`)));
  }

  /**
   * Goes to a directory.
   *
   * @param onMissing what to do when a part is not there: `make` makes a directory
   * @throws {SandboxError} `PATH_NOT_FOUND` when a part is no directory
   */
  enter(names: readonly string[], onMissing: "fail" | "make" = "fail"): void {
    const pending = [...names];
    let links = 0;
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      if (name === "..") this.#leave();
      else if (this.#isLink(name)) {
        links += 1;
        if (links > linkLimit) throw notFound(names, "too many links");
        pending.unshift(...this.#follow(name));
      } else this.#enterChild(name, names, onMissing);
    }
  }

  /** Frees the handles. */
  close(): void {
    for (const each of this.#stack) each.close();
  }

  #isLink(name: string): boolean {
    return this.directory.statOf(name)?.isSymbolicLink() === true;
  }

  #follow(name: string): readonly string[] {
    const target = readlinkSync(this.directory.pathOf(name));
    if (target.startsWith("/")) while (this.#stack.length > 1) this.#leave();
    return splitPath(target);
  }

  #leave(): void {
    if (this.#stack.length > 1) this.#stack.pop()?.close();
  }

  #enterChild(name: string, names: readonly string[], onMissing: "fail" | "make"): void {
    if (onMissing === "make" && this.directory.statOf(name) === undefined)
      this.directory.makeChild(name);
    if (this.directory.statOf(name)?.isDirectory() !== true)
      throw notFound(names, `${name} is no directory`);
    this.#stack.push(this.directory.child(name));
  }
}

function notFound(names: readonly string[], reason: string): SandboxError {
  return new SandboxError(
    "PATH_NOT_FOUND",
    `Cannot find /${names.join("/")} in the container: ${reason}`,
  );
}
