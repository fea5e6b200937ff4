import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether a real dockerd can be started: it is installed with its command, and this is root. */
export const hasDockerd =
  process.getuid?.() === 0 &&
  ["dockerd", "docker", "containerd", "runc"].every(
    (program) => spawnSync(program, ["--version"]).status === 0,
  );

/** A dockerd of its own, which has no network and touches no rule of the host's. */
export interface RealDockerd extends AsyncDisposable {
  /** Runs `docker ARGS`. */
  docker(...args: readonly string[]): Promise<string>;
}

/** Starts dockerd in a directory of its own; waits until it listens. */
export async function startDockerd(): Promise<RealDockerd> {
  const root = await mkdtemp(join(tmpdir(), "berth-dockerd-"));
  const host = `unix://${join(root, "docker.sock")}`;
  const child = spawn(
    "dockerd",
    [
      ...["--data-root", join(root, "data"), "--exec-root", join(root, "exec")],
      ...["-H", host, "-p", join(root, "pid"), "--bridge=none", "--iptables=false"],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stderr });
  const said: string[] = [];
  const listening = new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      said.push(line);
      if (line.includes("API listen on")) resolve();
    });
  });
  const failed = ended.then(() => {
    throw new Error(`dockerd ended:\n${said.slice(-5).join("\n")}`);
  });
  failed.catch(() => undefined); // it ends in the end
  await Promise.race([listening, failed]);
  return {
    docker: async (...args) => {
      const env = { ...process.env, DOCKER_HOST: host };
      return (await run("docker", args, { env })).stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await rm(root, { recursive: true, force: true });
    },
  };
}
