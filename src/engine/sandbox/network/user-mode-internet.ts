import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

import { enterNamespaces } from "../namespace-entry.ts";
import { runTool, toolEnv } from "../run-tool.ts";
import { exitOf } from "../sandbox-child.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Internet, PodNetwork } from "./internet.ts";

const readyDeadlineMs = 5_000;
const pollMs = 5;

/** Without root: `pasta`, a process for each pod that turns its packets into the user's sockets. */
export function pastaInternet(): Internet {
  return new UserModeInternet("pasta", (pid) => [
    ...["pasta", "--foreground", "--quiet", "--ipv4-only", "--config-net", "--no-map-gw"],
    // Nothing is forwarded by port, in either direction: neither way leads to a loopback.
    ...["-t", "none", "-u", "none", "-T", "none", "-U", "none", `${pid}`],
  ]);
}

/** Without root: `slirp4netns`. */
export function slirpInternet(): Internet {
  return new UserModeInternet("slirp4netns", (pid) => [
    ...["slirp4netns", "--configure", "--disable-host-loopback", "--disable-dns"],
    ...["--mtu=65520", `${pid}`, "eth0"],
  ]);
}

class UserModeInternet implements Internet {
  readonly kind: "pasta" | "slirp4netns";
  readonly #command: (pid: number) => readonly string[];
  readonly #running = new Map<number, ChildProcess>();

  constructor(kind: "pasta" | "slirp4netns", command: (pid: number) => readonly string[]) {
    this.kind = kind;
    this.#command = command;
  }

  async connect(pod: PodNetwork): Promise<boolean> {
    if (this.#running.has(pod.index)) return true;
    await hideHost(pod.helperPid);
    const child = startTied(this.#command(pod.helperPid));
    this.#running.set(pod.index, child);
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const isReady = await waitForRoute(pod.helperPid, () => child.exitCode !== null);
    if (isReady) return true;
    await this.disconnect(pod);
    throw new SandboxError("POD_START_FAILED", `Cannot start ${this.kind}: ${output.trim()}`);
  }

  async disconnect(pod: PodNetwork): Promise<void> {
    const child = this.#running.get(pod.index);
    this.#running.delete(pod.index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = exitOf(child);
    child.kill("SIGKILL");
    await exited;
  }

  async close(): Promise<void> {
    const indexes = [...this.#running.keys()];
    await Promise.all(indexes.map((index) => this.disconnect({ index, helperPid: 0 })));
  }
}

/** Starts a program that ends with this process, even when that is killed. */
function startTied([program = "", ...args]: readonly string[]): ChildProcess {
  return spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
    env: toolEnv,
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/**
 * Such a program connects as the user, who may reach everything that the host listens on. So the pod
 * gets no route to any address of the host; the container may not change routes.
 */
async function hideHost(helperPid: number): Promise<void> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal);
  const input = [...addresses.map(({ address }) => address), "169.254.0.0/16"]
    .map((address) => `route replace blackhole ${address}\n`)
    .join("");
  const [program = "", ...args] = [
    ...enterNamespaces(helperPid, "user-namespace", ["net"]),
    ...["ip", "-batch", "-"],
  ];
  const { exitCode, output } = await runTool(program, args, { input });
  if (exitCode !== 0)
    throw new SandboxError("POD_START_FAILED", `Cannot hide the host: ${output.trim()}`);
}

async function waitForRoute(helperPid: number, hasEnded: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + readyDeadlineMs;
  while (performance.now() < deadlineMs && !hasEnded()) {
    const routes = readFileSync(`/proc/${helperPid}/net/route`, "latin1");
    if (/^\S+\t00000000\t(?!00000000)/m.test(routes)) return true;
    await delay(pollMs);
  }
  return false;
}
