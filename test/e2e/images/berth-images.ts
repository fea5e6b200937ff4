import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { REPOSITORY } from "../project.ts";

const CLI = join(REPOSITORY, "dist/cli.js");

/** What a command came to. */
export interface Ran {
  readonly exitCode: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Where images are kept, below the fixture's directory (default: "store"). */
  readonly store?: string;
}

/** A project with a Dockerfile, and stores beside it. */
export class ImagesFixture implements AsyncDisposable {
  /** The bytes of the file that does not compress. */
  static readonly noiseBytes = 300_000;
  readonly root: string;
  readonly projectDir: string;

  constructor(root: string) {
    this.root = root;
    this.projectDir = join(root, "project");
  }

  static async create(): Promise<ImagesFixture> {
    const fixture = new ImagesFixture(await mkdtemp(join(tmpdir(), "berth-e2e-images-")));
    await mkdir(join(fixture.projectDir, "files"), { recursive: true });
    const dockerfile = 'FROM scratch\nCOPY files /srv\nEXPOSE 8080\nENTRYPOINT ["/srv/app"]\n';
    await writeFile(join(fixture.projectDir, "Dockerfile"), dockerfile);
    await writeFile(join(fixture.projectDir, "files/app"), "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(join(fixture.projectDir, "files/noise"), noise(ImagesFixture.noiseBytes));
    return fixture;
  }

  /** Starts `berth images …` in the project. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    return spawn(process.execPath, [CLI, "images", ...args], {
      cwd: this.projectDir,
      env: this.#envOf(options),
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs it to its end. */
  async run(args: readonly string[], options?: RunOptions): Promise<Ran> {
    const child = this.start(args, options);
    const output = Promise.all([child.stdout, child.stderr].map((stream) => textOf(stream)));
    const [exitCode]: unknown[] = await once(child, "close");
    const [stdout = "", stderr = ""] = await output;
    return { exitCode, stdout, stderr };
  }

  /** Runs it on a terminal; gives what that showed. */
  async runOnTerminal(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const words = [process.execPath, CLI, "images", ...args].map((word) => `'${word}'`);
    const child = spawn("script", ["-qefc", words.join(" "), "/dev/null"], {
      cwd: this.projectDir,
      env: { ...this.#envOf(options), TERM: "xterm" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    return textOf(child.stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  /** Nobody's login or directories but the test's own. */
  #envOf({ env, store = "store" }: RunOptions): NodeJS.ProcessEnv {
    const { PATH, TMPDIR } = process.env;
    const own = { HOME: this.root, BERTH_IMAGES_DIR: join(this.root, store), CI: "1" };
    return { PATH, ...(TMPDIR !== undefined && { TMPDIR }), ...own, ...env };
  }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

/** What does not compress, and is the same each time, so that bytes can be counted. */
function noise(sizeBytes: number): Buffer {
  let seed = 1;
  const next = (): number => (seed = (seed * 48_271) % 0x7fffffff);
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, () => next() >> 8));
}
