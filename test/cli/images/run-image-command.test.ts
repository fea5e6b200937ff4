import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";

import { runImageCommand } from "../../../src/cli/images/run-image-command.ts";

const module = new URL("../../../src/cli/images/run-image-command.ts", import.meta.url).href;

/** Runs work in a process of its own, since the command takes over its signals. */
function start(work: string, graceMs = 60_000): ChildProcess {
  const code = `
    import { runImageCommand } from ${JSON.stringify(module)};
    const work = async (signal) => { ${work} };
    const idle = setInterval(() => undefined, 1000);
    const options = { say: console.log, exit: process.exit, graceMs: ${graceMs} };
    process.exitCode = await runImageCommand(work, options);
    clearInterval(idle);
  `;
  const argv = ["--input-type=module", "-e", code];
  return spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
}

const untilAborted = `
  console.log("ready");
  await new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
`;

describe("runImageCommand()", () => {
  const options = { say: () => undefined, exit: () => undefined, graceMs: 1 };

  it("gives the work's exit code", async () => {
    expect(await runImageCommand(async () => 5, options)).toBe(5);
  });

  it("hands on what the work fails with", async () => {
    const work = Promise.reject(new Error("no such image"));
    await expect(runImageCommand(() => work, options)).rejects.toThrow("no such image");
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("cuts the work at %s and tells so", async (name, expected) => {
    const child = start(untilAborted);
    if (child.stdout === null) throw new Error("no stdout");
    const said = text(child.stdout);
    await once(child.stdout, "data");
    child.kill(name);
    expect(await once(child, "exit")).toEqual([expected, null]);
    expect(await said).toMatch(/berth: interrupted; nothing was left half written\n$/);
  });

  it("lets work that was done in spite of a signal count", async () => {
    const work = `
      console.log("ready");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return 0;
    `;
    const child = start(work);
    if (child.stdout === null) throw new Error("no stdout");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it.each([
    ["a second signal", 60_000, 2],
    ["too long a wait", 1, 1],
  ])("ends work that will not end at %s", async (_name, graceMs, signalCount) => {
    const work = `
      console.log("ready");
      signal.addEventListener("abort", () => console.log("told"));
      await new Promise(() => undefined);
    `;
    const child = start(work, graceMs);
    if (child.stdout === null) throw new Error("no stdout");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    if (signalCount > 1) {
      await once(child.stdout, "data");
      child.kill("SIGINT");
    }
    expect(await once(child, "exit")).toEqual([130, null]);
  });
});
