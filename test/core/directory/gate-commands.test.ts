import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  beginCommand,
  gateCommand,
  gateFile,
  openCommand,
  packCommand,
  unpackCommand,
} from "../../../src/core/directory/gate-commands.ts";

let root: string;
let file: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-gate-"));
  file = join(root, "gate");
  path = join(root, "a b", "data");
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A shell whose app says what is in the directory as it begins. */
function app(): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const [program = "", ...args] = gateCommand(file, ["ls", "-A", path]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  return { child, said: text(child.stdout) };
}

async function run(
  command: readonly string[],
  options: { readonly stdin?: Buffer; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<{ readonly exitCode: unknown; readonly stdout: Buffer }> {
  const [program = "", ...args] = command;
  const { env = process.env } = options;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], env });
  child.stdin.on("error", () => {}); // it may end without a look at that
  child.stdin.end(options.stdin);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout: Buffer.concat(parts) };
}

describe("the gate of a container", () => {
  it("is a file of one run's own", () => {
    expect(gateFile("abc", 3)).toBe("/tmp/.berth-abc-3");
  });

  it.each(["container", "object"])("opens on a first run, if the %s comes first", async (first) => {
    const begun = first === "object" ? run(beginCommand(file, path)) : undefined;
    const { said } = app();
    expect((await (begun ?? run(beginCommand(file, path)))).exitCode).toBe(0);
    expect(await said).toBe("");
    expect(await readdir(root)).toEqual(["a b"]);
  });

  it("opens once what was packed is there, and nothing else", async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, ".one"), "1");
    const packed = await run(packCommand(path));
    expect(packed.exitCode).toBe(0);
    await writeFile(join(path, "..two"), "2");
    await writeFile(join(path, "three"), "3");
    const { said } = app();
    const unpacked = await run(unpackCommand(file, path), { stdin: packed.stdout });
    expect(unpacked.exitCode).toBe(0);
    expect((await run(openCommand(file))).exitCode).toBe(0);
    expect(await said).toBe(".one\n");
    expect(await readFile(join(path, ".one"), "utf8")).toBe("1");
  });

  it("stays closed for what is no archive", async () => {
    const { child } = app();
    const stdin = Buffer.from("no archive");
    expect((await run(unpackCommand(file, path), { stdin })).exitCode).not.toBe(0);
    expect(child.exitCode).toBe(null);
    child.kill("SIGKILL");
    await once(child, "close");
  });

  it("names the program that is not there", async () => {
    const bin = join(root, "bin");
    await mkdir(bin);
    const lacking = { exitCode: 127, stdout: Buffer.from("mkfifo\n") };
    expect(await run(beginCommand(file, path), { env: { PATH: bin } })).toEqual(lacking);
    for (const name of ["mkfifo", "mkdir", "rm", "cat"]) {
      await promised("ln", ["-s", `/usr/bin/${name}`, join(bin, name)]);
    }
    const tarless = { exitCode: 127, stdout: Buffer.from("tar\n") };
    expect(await run(unpackCommand(file, path), { env: { PATH: bin } })).toEqual(tarless);
  });
});

async function promised(program: string, args: readonly string[]): Promise<void> {
  await once(execFile(program, args), "close");
}
