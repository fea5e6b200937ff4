import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { EngineError } from "../../../src/engine/engine-error.ts";
import { startEngine } from "../../../src/engine/start-engine.ts";

const run = promisify(execFile);
const entry = pathToFileURL(join(import.meta.dirname, "../../../src/engine.ts")).href;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-start-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Node, running a module text that has `startEngine`, with its temporary files in `directory`. */
function nodeArguments(text: string): [string, string[], { env: NodeJS.ProcessEnv }] {
  const program = `import { startEngine } from ${JSON.stringify(entry)};\n${text}`;
  const env = { ...process.env, TMPDIR: directory };
  return [process.execPath, ["--input-type=module", "--eval", program], { env }];
}

async function listStateDirs(): Promise<string[]> {
  const [root] = (await readdir(directory)).filter((name) => name.startsWith("berth-"));
  return root === undefined ? [] : readdir(join(directory, root));
}

describe("startEngine()", () => {
  it("keeps its directory and socket to its user, and names them in env", async () => {
    const engine = await startEngine({ stateDir: join(directory, "state"), warmPods: 0 });
    try {
      expect((await stat(dirname(engine.socketPath))).mode & 0o777).toBe(0o700);
      expect((await stat(engine.socketPath)).mode & 0o777).toBe(0o600);
      expect(engine.env).toMatchObject({
        DOCKER_HOST: `unix://${engine.socketPath}`,
        WRANGLER_DOCKER_BIN: engine.dockerBin,
      });
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  });

  it("gives a docker command that talks to it", async () => {
    const engine = await startEngine({ stateDir: join(directory, "state"), warmPods: 0 });
    try {
      const env = { ...process.env, ...engine.env };
      const { stdout } = await run(engine.dockerBin, ["info"], { env });
      expect(stdout).toContain(engine.socketPath);
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  });

  it("refuses a state directory in which an engine runs, and takes it after that", async () => {
    const stateDir = join(directory, "state");
    const first = await startEngine({ stateDir, warmPods: 0 });
    const refused = startEngine({ stateDir, warmPods: 0 });
    await expect(refused).rejects.toThrow(EngineError);
    await expect(refused).rejects.toThrow(`[STATE_DIR_UNUSABLE]`);
    await first[Symbol.asyncDispose]();
    await (await startEngine({ stateDir, warmPods: 0 }))[Symbol.asyncDispose]();
  });

  it("refuses a socket path that the kernel would cut, and leaves nothing", async () => {
    const socketPath = join(directory, "x".repeat(120));
    const stateDir = join(directory, "state");
    await expect(startEngine({ stateDir, socketPath, warmPods: 0 })).rejects.toThrow(
      "[SOCKET_UNAVAILABLE]",
    );
    await (await startEngine({ stateDir, warmPods: 0 }))[Symbol.asyncDispose]();
  });

  it("leaves no directory, no socket and a process that can exit, disposed of twice", async () => {
    const text = `
      const engine = await startEngine();
      await Promise.all([engine[Symbol.asyncDispose](), engine[Symbol.asyncDispose]()]);
      console.log(engine.socketPath);`;
    const { stdout } = await run(...nodeArguments(text));
    expect(stdout).toContain("docker.sock");
    expect(await listStateDirs()).toEqual([]);
    await expect(access(stdout.trim())).rejects.toThrow("ENOENT");
  });

  it("takes over a socket that a killed process left, and refuses one that is in use", async () => {
    const socketPath = join(directory, "socket");
    const text = `import { createServer } from "node:net";
      createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 9));`;
    await expect(run(...nodeArguments(text))).rejects.toThrow();
    const engine = await startEngine({ socketPath, warmPods: 0 });
    await expect(startEngine({ socketPath, warmPods: 0 })).rejects.toThrow("[SOCKET_UNAVAILABLE]");
    expect((await stat(socketPath)).isSocket()).toBe(true);
    await engine[Symbol.asyncDispose]();
    await expect(access(socketPath)).rejects.toThrow("ENOENT");
  });

  it("takes over the state directory of a killed engine and keeps its images", async () => {
    const stateDir = join(directory, "state");
    const options = JSON.stringify({ stateDir, warmPods: 0 });
    const text = `await startEngine(${options}); console.log("up"); setInterval(() => {}, 1000);`;
    const killed = spawn(...nodeArguments(text));
    await once(killed.stdout, "data");
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const engine = await startEngine({ stateDir, warmPods: 0 });
    await engine[Symbol.asyncDispose]();
    expect(await readdir(stateDir)).toEqual(["images"]);
  });

  it("removes what a killed engine left", async () => {
    const text = `console.log((await startEngine()).socketPath); setInterval(() => {}, 1000);`;
    const killed = spawn(...nodeArguments(text));
    await once(killed.stdout, "data");
    expect(await listStateDirs()).toHaveLength(1);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await run(
      ...nodeArguments("await (await startEngine({ warmPods: 0 }))[Symbol.asyncDispose]();"),
    );
    expect(await listStateDirs()).toEqual([]);
  });
});
