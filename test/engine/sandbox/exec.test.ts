import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import type { ExecSpec, Pod, Sandbox } from "../../../src/engine/sandbox/sandbox.ts";
import { containerEnv, eventually, outcomeOf, Workspace } from "./fixture.ts";
import { descendantsOf, sandboxIds } from "./host-census.ts";

const workspace = new Workspace();
let sandbox: Sandbox;
let pod: Pod;

beforeAll(async () => {
  sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log, warmPods: 0 });
  pod = await sandbox.createPod({ name: "shared" });
  await pod.launch(workspace.shell("read x"));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  workspace.remove();
});

const start = (script: string, options: Partial<ExecSpec> = {}) =>
  pod.exec({ argv: ["sh", "-c", script], env: containerEnv, ...options });
const run = async (script: string, options: Partial<ExecSpec> = {}) => {
  const command = await start(script, options);
  command.stdin.end();
  return outcomeOf(command);
};

/** The processes outside of the container that start commands inside. */
function launchers(): readonly number[] {
  return descendantsOf(process.pid).filter((pid) => commandOf(pid).startsWith("xargs"));
}

/** Those that wait for a command's end, and the one that waits for the next command. */
function shells(): readonly number[] {
  const all = launchers().flatMap((launcher) => descendantsOf(launcher));
  return all.filter((pid) => commandOf(pid).startsWith("sh\0./"));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // It has ended.
  }
}

function openFds(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("Pod.exec()", () => {
  it("passes on words and variables byte by byte", async () => {
    const words = [
      "",
      " ",
      "it's",
      '"$(id)"',
      "`id`\\",
      "a\nb\n",
      "\u0081ÁÈ日本\u{1f600}",
      "-n",
      "*",
    ];
    const env = { ...containerEnv, "odd-name.x": "two\nlines", LONG: "x".repeat(120_000) };
    const argv = [
      "node",
      "-p",
      "JSON.stringify([process.argv.slice(1),process.env])",
      "--",
      ...words,
    ];
    const { stdout } = await run("", { argv, env: { ...env, MORE: "y'".repeat(30_000) } });
    expect(JSON.parse(stdout)).toEqual([words, { ...env, MORE: "y'".repeat(30_000) }]);
  });

  it.each([
    ["an argument", { argv: ["echo", "a\0b"] }],
    ["a variable", { env: { A: "a\0b" } }],
    ["the directory", { cwd: "/\0" }],
  ])("refuses a null character in %s", async (_, options) => {
    await expect(start("true", options)).rejects.toThrow(/EXEC_FAILED.*null character/);
  });

  it("tells exit codes, and a program's end by a signal as 128 + N", async () => {
    const scripts = ["exit 0", "exit 42", "exit 255", "kill -9 $$", "kill -11 $$", "kill -2 $$"];
    const outcomes = await Promise.all(scripts.map((script) => run(script)));
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 42, 255, 137, 139, 130]);
    expect(outcomes.map(({ stderr }) => stderr).join("")).toBe("");
  });

  it("says 127 and why when the program is not there", async () => {
    const { exitCode, stderr } = await run("", { argv: ["/no/such/program"] });
    expect([exitCode, stderr]).toEqual([127, expect.stringContaining("/no/such/program")]);
  });

  it.each([1, 2, 3, 10, 12, 14, 15])("delivers signal %i to the program itself", async (signal) => {
    const command = await start(
      `trap 'echo got; exit 3' ${signal}; echo up; while :; do sleep 0.01; done`,
    );
    await once(command.stdout, "data");
    command.signal(signal);
    expect(await text(command.stdout)).toBe("got\n");
    expect((await command.exited).exitCode).toBe(3);
  });

  it("gives a command neither ignored nor blocked signals", async () => {
    const { stdout } = await run("grep -E '^Sig(Blk|Ign)' /proc/self/status");
    expect(stdout).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\n$/);
  });

  it("gives each command a session of its own, so that a signal to its group stays there", async () => {
    const other = await start("echo up; read x; exit 5");
    await once(other.stdout, "data");
    expect((await run("kill -9 0")).exitCode).toBe(137);
    other.stdin.end("\n");
    expect((await other.exited).exitCode).toBe(5);
  });

  it("shows a command the app, itself and nothing else", async () => {
    const seen = "echo $$ /proc/[0-9]*; ls /proc/$$/fd; ls -l /proc/$$/cwd";
    const own = await sandbox.createPod({ name: "watched" });
    await own.launch(workspace.shell("read x"));
    const command = await own.exec({ argv: ["sh", "-c", seen], env: containerEnv });
    const { stdout } = await outcomeOf(command);
    await own.close();
    const [processes = "", ...rest] = stdout.split("\n");
    expect(processes).toBe(`${command.pid} /proc/1 /proc/${command.pid}`);
    expect(rest.slice(0, 3)).toEqual(["0", "1", "2"]);
    expect(rest[3]).toMatch(/cwd -> \/$/);
  });

  it("ends stdin when it is ended, and may end it before", async () => {
    const command = await start("cat; echo end");
    command.stdin.write("one ");
    command.stdin.end("two ");
    expect(await text(command.stdout)).toBe("one two end\n");
    const deaf = await start("exec <&-; echo deaf");
    expect(await text(deaf.stdout)).toBe("deaf\n");
    deaf.stdin.write("nobody reads this");
    expect((await deaf.exited).exitCode).toBe(0);
  });

  it("holds a program back whose output nobody reads, and loses nothing of it", async () => {
    const command = await start("head -c 33554432 /dev/zero; echo done >&2");
    command.stdout.pause();
    expect(command.stderr.read()).toBeNull();
    let sizeBytes = 0;
    for await (const chunk of command.stdout) sizeBytes += (chunk as Buffer).length;
    expect([sizeBytes, await text(command.stderr)]).toEqual([33_554_432, "done\n"]);
  });

  it("runs 50 at once, each with its own output, and frees all that it opened", async () => {
    await run("true");
    const before = openFds();
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    const outcomes = await Promise.all(numbers.map((index) => run(`echo ${index}; exit ${index}`)));
    expect(outcomes.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(
      numbers.map((index) => [`${index}\n`, index]),
    );
    expect(await eventually(() => openFds() <= before)).toBe(true);
    const [id = ""] = sandboxIds(workspace.stateDir);
    const state = join(workspace.stateDir, `sandbox-${id}`);
    const pipes = readdirSync(join(state, "pipes"), { withFileTypes: true });
    expect(pipes.filter((entry) => !entry.isFIFO())).toEqual([]);
  });

  it("only takes longer when what starts commands was killed; those that run go on", async () => {
    const command = await start("echo up; read x; exit 7");
    await once(command.stdout, "data");
    const before = launchers();
    expect(before).toHaveLength(1);
    for (const pid of before) process.kill(pid, "SIGKILL");
    const outcomes = await Promise.all([1, 2, 3].map((index) => run(`echo ${index}`)));
    expect(outcomes.map(({ stdout }) => stdout)).toEqual(["1\n", "2\n", "3\n"]);
    command.stdin.end("\n");
    expect((await command.exited).exitCode).toBe(7);
    expect(await eventually(() => launchers().length === 1)).toBe(true);
    expect(launchers()).not.toEqual(before);
  });

  it("only takes longer when the shell was killed that waits for the next command", async () => {
    const command = await start("echo up; read x");
    await once(command.stdout, "data");
    expect(await eventually(() => shells().length === 2)).toBe(true);
    command.stdin.end();
    await command.exited;
    expect(await eventually(() => shells().length === 1)).toBe(true); // Not that of the command.
    for (const shell of shells()) process.kill(shell, "SIGKILL");
    expect((await run("echo next")).stdout).toBe("next\n");
    expect(await eventually(() => launchers().length === 1)).toBe(true);
  });

  it("tells 137 of a command whose waiting shell was killed, and starts the next one", async () => {
    const command = await start("echo up; read x");
    await once(command.stdout, "data");
    for (const shell of shells()) process.kill(shell, "SIGKILL");
    expect((await command.exited).exitCode).toBe(137);
    expect((await run("echo next")).stdout).toBe("next\n");
    command.stdin.end();
  });
});

describe("the end of an app", () => {
  const launch = async (script: string) => {
    const own = await sandbox.createPod({ name: "own" });
    return { own, app: await own.launch(workspace.shell(script)) };
  };
  const command = (script: string) => ({ argv: ["sh", "-c", script], env: containerEnv });

  it("ends its commands, stopped ones too, and what started them", async () => {
    const { own, app } = await launch("read x");
    const stopped = await own.exec(command("kill -STOP $$; sleep 100"));
    const tty = { columns: 80, rows: 25 };
    const terminal = await own.exec({ ...command("kill -STOP $$; sleep 100"), tty });
    const asleep = await own.exec(command("sleep 100"));
    const before = launchers().length;
    app.stdin.end();
    await app.exited;
    expect(launchers()).toHaveLength(before - 1);
    expect((await stopped.exited).exitCode).toBe(137);
    expect((await terminal.exited).exitCode).toBe(137);
    expect((await asleep.exited).exitCode).toBe(137);
    await own.close();
  });

  it("settles every command that is asked for at the same moment", async () => {
    const { own, app } = await launch("read x");
    await own.exec(command("true"));
    const asked = Array.from({ length: 10 }, () =>
      own.exec(command("sleep 100")).then(
        async (started) => (await started.exited).exitCode,
        (error: unknown) => String(error),
      ),
    );
    app.signal(9);
    const rest = own.exec(command("sleep 100")).then(
      async (started) => (await started.exited).exitCode,
      (error: unknown) => String(error),
    );
    await app.exited;
    for (const outcome of await Promise.all([...asked, rest]))
      expect(`${outcome}`).toMatch(/^137$|EXEC_FAILED|APP_NOT_RUNNING/);
    await own.close();
  });

  it("counts a command over the memory limit as such, and spares the app and the next command", async () => {
    const own = await sandbox.createPod({ name: "hungry" });
    const limits = { memoryBytes: 64 << 20 };
    const app = await own.launch(workspace.shell("read x; exit 2", { limits }));
    const hog = await own.exec({
      argv: ["node", "-e", "const a=[];for(;;)a.push(Buffer.alloc(8e6,1))"],
      env: containerEnv,
    });
    expect(await hog.exited).toEqual({ exitCode: 137, isOutOfMemory: true });
    expect((await outcomeOf(await own.exec(command("echo next")))).stdout).toBe("next\n");
    app.stdin.end();
    expect((await app.exited).exitCode).toBe(2);
    await own.close();
  });
});
