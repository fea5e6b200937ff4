import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { reclaimLeftovers } from "../../../src/engine/sandbox/reclaim-leftovers.ts";
import { findAbandoned } from "../../../src/engine/sandbox/state-directory.ts";
import { containerEnv, eventually, Workspace } from "./fixture.ts";
import { descendantsOf, nothing, sandboxIds, takeCensus } from "./host-census.ts";
import { exchange } from "./ingress-client.ts";

const workspace = new Workspace();
afterAll(() => workspace.remove());

const podCount = 12;
const server =
  'require("net").createServer(s=>s.end(process.env.ID)).listen(8080,()=>console.log("up"))';

describe("Sandbox[Symbol.asyncDispose]()", () => {
  it(`leaves nothing of ${podCount} pods that ran at once, each with its own answer`, async () => {
    const childrenBefore = descendantsOf(process.pid).length;
    const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
    const ids = sandboxIds(workspace.stateDir);
    try {
      const numbers = Array.from({ length: podCount }, (_, index) => `${index}`);
      const pods = await Promise.all(
        numbers.map(async (id) => {
          const pod = await sandbox.createPod({ name: id });
          const env = { ...containerEnv, ID: id };
          const argv = ["node", "--jitless", "-e", server];
          const app = await pod.launch({ ...workspace.shell(""), argv, env });
          await once(app.stdout, "data");
          return pod;
        }),
      );
      const answers = await Promise.all(pods.map((pod) => exchange(pod.ingressPort, 8080, "")));
      expect(answers).toEqual(numbers);
      expect(takeCensus(workspace.path, ids).processes.length).toBeGreaterThan(podCount);
    } finally {
      await sandbox[Symbol.asyncDispose]();
    }
    expect(takeCensus(workspace.path, ids)).toEqual(nothing);
    expect(descendantsOf(process.pid)).toHaveLength(childrenBefore);
  });

  it("waits for pods that are still being made, and makes no more", async () => {
    const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
    const ids = sandboxIds(workspace.stateDir);
    const pod = sandbox.createPod({ name: "late" });
    await sandbox[Symbol.asyncDispose]();
    await pod;
    await expect(sandbox.createPod({ name: "later" })).rejects.toThrow("POD_CLOSED");
    expect(takeCensus(workspace.path, ids)).toEqual(nothing);
  });
});

describe("reclaimLeftovers()", () => {
  it("removes what an engine left that was killed, when the next one starts", async () => {
    const stateDir = join(workspace.path, "killed");
    const script = fileURLToPath(new URL("./engine-process.ts", import.meta.url));
    const engine = spawn(process.execPath, [script, stateDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(engine.stdout, "data");
    const ids = sandboxIds(stateDir);
    const processes = descendantsOf(engine.pid ?? 0);
    expect(processes.length).toBeGreaterThan(6);
    const exited = once(engine, "exit");
    engine.kill("SIGKILL");
    await exited;
    const isGone = (pid: number): boolean => !isRunning(pid);
    expect(await eventually(() => processes.every(isGone))).toBe(true);
    expect(takeCensus(stateDir, ids).files).not.toEqual([]);
    await reclaimLeftovers(workspace.path);
    expect(takeCensus(stateDir, ids)).toEqual(nothing);
    expect(takeCensus(String(line).trim(), ids)).toEqual(nothing);
    workspace.removeOther(String(line).trim());
  });

  it("leaves the directory of an engine that runs, and one that it cannot read", async () => {
    const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
    mkdirSync(join(workspace.stateDir, "sandbox-noowner0"));
    expect(findAbandoned(workspace.path)).toEqual([]);
    await reclaimLeftovers(workspace.path);
    expect(sandboxIds(workspace.stateDir)).toHaveLength(2);
    await sandbox[Symbol.asyncDispose]();
  });

  it("takes a directory whose owner's pid belongs to another process now", () => {
    const path = join(workspace.stateDir, "sandbox-0badcafe");
    mkdirSync(path, { recursive: true });
    const owner = { pid: process.pid, startTime: "1", bootId: "another boot" };
    writeFileSync(join(path, "owner.json"), JSON.stringify(owner));
    expect(findAbandoned(workspace.path)).toEqual([{ id: "0badcafe", path }]);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // It has ended.
  }
}
