import {
  beginCommand,
  gateCommand,
  openCommand,
  packCommand,
  unpackCommand,
} from "../../src/core/directory/gate-commands.ts";
import type { FakeExec, FakeExecResult } from "../../src/testing.ts";

const BEGIN = beginCommand("", "")[2];
const UNPACK = unpackCommand("", "")[2];
const OPEN = openCommand("")[2];

/** The file system and the shell of a container whose app waits for its directory. */
export class FakeShell {
  /** The programs of the image. */
  readonly programs = new Set(["mkfifo", "mkdir", "rm", "tar", "cat"]);
  /** What the directory has, by name: gone with each container. */
  files: Record<string, string> = {};
  /** What the directory had as each app began. */
  readonly begun: Record<string, string>[] = [];
  /** Bytes that each archive has beside the files. */
  padding = 0;
  /** What tar ends with, and says, from now on. */
  tar: Pick<FakeExecResult, "exitCode" | "stderr"> = {};
  /** Resolves when archives may be unpacked. */
  gate: Promise<unknown> = Promise.resolve();
  #opened = Promise.withResolvers<void>();

  /** A container begins: nothing is left of the last one, and its app waits. */
  readonly boot = async (): Promise<void> => {
    this.files = { image: "" };
    this.#opened = Promise.withResolvers<void>();
    await this.#opened.promise;
    this.begun.push({ ...this.files });
  };

  readonly exec: FakeExec = async (argv, context) => {
    const [program, , script] = argv;
    if (program === "tar") return this.#pack(argv);
    if (program !== "/bin/sh") return undefined;
    if (script === OPEN) return this.#open();
    const missing = ["mkfifo", "tar"].find((name) => !this.programs.has(name));
    if (missing !== undefined) return { exitCode: 127, stdout: `${missing}\n` };
    if (script === BEGIN) return this.#open();
    if (script !== UNPACK) return undefined;
    return await context.stdin.then(
      (archive) => this.#unpack(archive),
      () => ({}), // one that is cut between two files looks whole to tar
    );
  };

  #pack(argv: readonly string[]): FakeExecResult | undefined {
    if (!this.programs.has("tar")) return undefined;
    const packs = packCommand("/data").every((word, at) => argv[at] === word);
    if (!packs) return { exitCode: 2, stderr: "tar: no such directory\n" };
    const stdout = JSON.stringify(this.files) + " ".repeat(this.padding);
    return { stdout, ...this.tar };
  }

  async #unpack(archive: string): Promise<FakeExecResult> {
    await this.gate;
    try {
      this.files = JSON.parse(archive) as Record<string, string>;
      return {};
    } catch {
      return { exitCode: 2, stderr: "tar: This does not look like a tar archive\n" };
    }
  }

  #open(): FakeExecResult {
    this.#opened.resolve();
    return {};
  }
}

/** What a container was told to run once its files are there; undefined where it does not wait. */
export function gated(entrypoint: readonly string[] | undefined): readonly string[] | undefined {
  const [, , gate] = gateCommand("", []);
  return entrypoint !== undefined && entrypoint[2] === gate ? entrypoint.slice(5) : undefined;
}
