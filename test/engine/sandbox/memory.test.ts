import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import {
  findControlGroups,
  hostControlGroups,
} from "../../../src/engine/sandbox/control-group-layout.ts";
import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { sendSignal } from "../../../src/engine/sandbox/find-process.ts";
import { containerMemoryBytes, watchedMemory } from "../../../src/engine/sandbox/memory-watcher.ts";
import { ProcessPod } from "../../../src/engine/sandbox/pod.ts";
import { containerEnv, eventually, outcomeOf, Workspace } from "./fixture.ts";

const workspace = new Workspace();
const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  workspace.remove();
});

const megabyte = 1_048_576;
const hog =
  'const a=[];console.log("up");setInterval(()=>a.push(Buffer.alloc(8e6,1)),1);setTimeout(()=>process.exit(0),9000)';
const hogSpec = (memoryBytes?: number) => ({
  ...workspace.shell(""),
  argv: ["node", "-e", hog],
  limits: memoryBytes === undefined ? {} : { memoryBytes },
});

describe("the memory limit", () => {
  it("kills an app over it with 137, says so, and lets the next one run", async () => {
    const pod = await sandbox.createPod({ name: "hog" });
    const outcome = await outcomeOf(await pod.launch(hogSpec(96 * megabyte)));
    expect(outcome).toMatchObject({ exitCode: 137, isOutOfMemory: true });
    const next = await outcomeOf(await pod.launch(workspace.shell("exit 0")));
    expect(next).toMatchObject({ exitCode: 0, isOutOfMemory: false });
    await pod.close();
  });

  it("does not call an ordinary SIGKILL out of memory", async () => {
    const pod = await sandbox.createPod({ name: "killed" });
    const spec = workspace.shell("read x", { limits: { memoryBytes: 96 * megabyte } });
    const app = await pod.launch(spec);
    app.signal(9);
    expect(await app.exited).toEqual({ exitCode: 137, isOutOfMemory: false });
    await pod.close();
  });
});

const layout = findControlGroups(hostControlGroups());

describe.skipIf(layout === undefined)("the CPU limit (skipped without control groups)", () => {
  it("throttles an app when it is to be enforced", async () => {
    const stateDir = workspace.directory("cpu");
    const options = { stateDir, log: workspace.log, enforceCpu: true, warmPods: 0 };
    const limited = await createSandbox(options);
    const pod = await limited.createPod({ name: "busy" });
    await pod.launch(workspace.shell("while :; do :; done", { limits: { vcpu: 0.1 } }));
    const [state = ""] = readdirSync(stateDir);
    const name = `berth-${state.replace("sandbox-", "")}-${pod.id}`;
    const parent = layout?.version === "v1" ? layout.cpu : layout?.directory;
    const isThrottled = () =>
      /nr_throttled [1-9]/.test(readFileSync(join(parent ?? "", name, "cpu.stat"), "utf8"));
    expect(await eventually(isThrottled)).toBe(true);
    await limited[Symbol.asyncDispose]();
    expect(existsSync(join(parent ?? "", name))).toBe(false);
  });
});

describe("watchedMemory()", () => {
  it("ends an app whose processes take more than the limit together, exec included", async () => {
    const pod = await sandbox.createPod({ name: "watched" });
    const app = await pod.launch(workspace.shell("read x"));
    const hostPid = pod instanceof ProcessPod ? (pod.appPid ?? 0) : 0;
    const group = watchedMemory().openGroup("watched");
    group.applyLimits({ memoryBytes: 64 * megabyte }, hostPid);
    await pod.exec({ argv: ["node", "-e", hog], env: containerEnv });
    expect((await app.exited).exitCode).toBe(137);
    expect(group.hasKilled()).toBe(true);
    await group.close();
    await pod.close();
  });

  it("leaves an app alone that stays below the limit", async () => {
    let measured = 0;
    const group = watchedMemory(() => ((measured += 1), 10)).openGroup("small");
    group.applyLimits({ memoryBytes: 11 }, process.pid);
    expect(await eventually(() => measured > 1)).toBe(true);
    expect(group.hasKilled()).toBe(false);
    await group.close();
  });
});

describe("containerMemoryBytes()", () => {
  it("counts what the container's processes have for themselves", async () => {
    const pod = await sandbox.createPod({ name: "counted" });
    const script = 'globalThis.a=Buffer.alloc(50e6,1);console.log("up");setInterval(()=>{},1e6)';
    const app = await pod.launch({ ...workspace.shell(""), argv: ["node", "-e", script] });
    await new Promise((resolve) => app.stdout.once("data", resolve));
    const hostPid = pod instanceof ProcessPod ? (pod.appPid ?? 0) : 0;
    const bytes = containerMemoryBytes(hostPid);
    expect(bytes).toBeGreaterThan(50e6);
    expect(bytes).toBeLessThan(120e6);
    expect(sendSignal(hostPid, 0)).toBe(true);
    await pod.close();
    expect(containerMemoryBytes(hostPid)).toBe(0);
  });
});
