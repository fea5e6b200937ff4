import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

import { removeTree } from "../../../src/engine/sandbox/remove-tree.ts";
import type {
  LaunchSpec,
  ProcessExit,
  RootfsSpec,
  SandboxProcess,
} from "../../../src/engine/sandbox/sandbox.ts";

export const containerEnv = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** A directory for one test file: the sandbox's state and the containers' files. */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), "berth-test-"));
  readonly stateDir = join(this.path, "state");
  readonly messages: string[] = [];
  readonly log = (message: string): void => void this.messages.push(message);
  #count = 0;

  /** A layer with some files. */
  layer(files: Readonly<Record<string, string>>): string {
    const directory = this.directory("layer");
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content, { mode: 0o755 });
    }
    return directory;
  }

  /** A root file system of the host's view and some layers, with a new writable directory. */
  rootfs(...layers: readonly string[]): RootfsSpec {
    return { base: "host", layers, writableDir: this.directory("writable") };
  }

  /** A launch of a shell script. */
  shell(script: string, options: Partial<LaunchSpec> = {}): LaunchSpec {
    return {
      argv: ["sh", "-c", script],
      env: containerEnv,
      cwd: "/",
      rootfs: this.rootfs(),
      limits: {},
      ...options,
    };
  }

  /** An empty directory. */
  directory(name: string): string {
    const path = join(this.path, `${name}-${(this.#count += 1)}`);
    mkdirSync(path);
    return path;
  }

  /** Removes a directory that another process made for the same test. */
  removeOther(path: string): void {
    if (path.startsWith(join(tmpdir(), "berth-test-"))) removeTree(path);
  }

  remove(): void {
    removeTree(this.path);
  }
}

export interface Outcome extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for a process's end and its output. */
export async function outcomeOf(process: SandboxProcess): Promise<Outcome> {
  const [stdout, stderr, exit] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.exited,
  ]);
  return { ...exit, stdout, stderr };
}

/** Waits until a condition of the kernel's holds. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 5_000,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
