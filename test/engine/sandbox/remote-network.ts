import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import type { Pod } from "../../../src/engine/sandbox/sandbox.ts";
import { containerEnv, outcomeOf } from "./fixture.ts";

const remoteNamespace = `berth-remote-${process.pid}`;
const hostLink = `btest${process.pid % 10_000}`;
// Another run of these tests on this machine must not be in the way.
const network = `198.18.${(process.pid >> 6) & 255}`;
const host = (process.pid & 63) * 4;
/** An address of the host. */
export const hostAddress = `${network}.${host + 1}`;
/** An address beyond the host. */
export const remoteAddress = `${network}.${host + 2}`;

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** Makes an interface of the host, and behind it "the internet": another namespace. */
export function makeRemote(): () => void {
  ip("netns", "add", remoteNamespace);
  ip("link", "add", hostLink, "type", "veth", "peer", "name", "up0", "netns", remoteNamespace);
  ip("addr", "add", `${hostAddress}/30`, "dev", hostLink);
  ip("link", "set", hostLink, "up");
  for (const args of [
    ["addr", "add", `${remoteAddress}/30`, "dev", "up0"],
    ["link", "set", "up0", "up"],
    ["link", "set", "lo", "up"],
  ])
    ip("-n", remoteNamespace, ...args);
  return () => {
    ip("link", "del", hostLink);
    ip("netns", "del", remoteNamespace);
  };
}

const httpd = 'require("net").createServer(s=>s.end("remote")).listen(7001,()=>console.log("up"))';

/** Connects from inside to each target; what came back, or the error's code. */
export async function reach(pod: Pod, targets: readonly string[]): Promise<readonly string[]> {
  const script = `const net=require("net");Promise.all(process.argv.slice(1).map(t=>new Promise(r=>{const [host,port]=t.split("|");
    const s=net.connect({host,port:+port}).on("data",d=>r(String(d))).on("error",e=>r(e.code));setTimeout(()=>r("timeout"),700).unref()}))).then(r=>{console.log(JSON.stringify(r));process.exit()})`;
  const command = await pod.exec({ argv: ["node", "-e", script, ...targets], env: containerEnv });
  const { stdout, stderr } = await outcomeOf(command);
  const value: unknown = JSON.parse(stdout === "" ? JSON.stringify([stderr]) : stdout);
  return Array.isArray(value) ? value.map(String) : [];
}

/** Starts the internet's server: it answers "remote" on port 7001. */
export async function startRemoteServer() {
  return (await startInRemote("-e", httpd)).child;
}

/** Runs Node in the internet, and gives what it prints first. */
export async function startInRemote(...nodeArgs: readonly string[]) {
  const args = ["netns", "exec", remoteNamespace, process.execPath, ...nodeArgs];
  const child = spawn("ip", args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output]: unknown[] = await once(child.stdout, "data");
  return { child, output: String(output) };
}
