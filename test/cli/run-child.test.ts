import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";

import { EndSignals } from "../../src/cli/end-signals.ts";
import { runChild } from "../../src/cli/run-child.ts";

const module = (name: string): string => new URL(`../../src/cli/${name}.ts`, import.meta.url).href;

/** Runs a shell script by runChild() in a process of its own, since it takes over the signals. */
function start(script: string): ReturnType<typeof spawn> {
  const code = `
    import { runChild } from ${JSON.stringify(module("run-child"))};
    import { EndSignals } from ${JSON.stringify(module("end-signals"))};
    using signals = new EndSignals();
    const args = ["-c", process.argv[1]];
    process.exitCode = await runChild({ program: "sh", args, cwd: "/", env: { ...process.env, GIVEN: "yes" } }, signals);
  `;
  const argv = ["--input-type=module", "-e", code, script];
  return spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
}

async function untilReady(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.stdout === null) throw new Error("no stdout");
  await once(child.stdout, "data");
}

describe("runChild()", () => {
  it.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
  ])("passes on how %j ends", async (script, expected) => {
    const [exitCode] = await once(start(script), "exit");
    expect(exitCode).toBe(expected);
  });

  it("hands over directory and environment", async () => {
    const child = start('echo "$PWD $GIVEN"');
    expect(child.stdout === null ? "" : await text(child.stdout)).toBe("/ yes\n");
  });

  it.each([
    ["SIGTERM", 21],
    ["SIGINT", 22],
    ["SIGHUP", 23],
  ] as const)("passes on %s and waits for the end", async (signal, expected) => {
    const traps = "trap 'exit 21' TERM; trap 'exit 22' INT; trap 'exit 23' HUP";
    const child = start(`${traps}; echo ready; while :; do sleep 0.05; done`);
    await untilReady(child);
    child.kill(signal);
    expect((await once(child, "exit"))[0]).toBe(expected);
  });

  it("kills at the second signal what ignores the first", async () => {
    const child = start("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    await untilReady(child);
    child.kill("SIGTERM");
    const exited = once(child, "exit");
    // Not at once: two that come together are one. And not often: after its end one ends the runner.
    const again = setInterval(() => child.kill("SIGTERM"), 1_000);
    expect((await exited)[0]).toBe(137);
    clearInterval(again);
  });

  it("runs nothing when a signal came before", async () => {
    using signals = new EndSignals();
    process.emit("SIGTERM", "SIGTERM");
    const command = { program: "/no/such/program", args: [], cwd: "/", env: {} };
    expect(await runChild(command, signals)).toBe(143);
  });

  it("says what cannot be run", async () => {
    using signals = new EndSignals();
    const command = { program: "/no/such/program", args: [], cwd: "/", env: {} };
    await expect(runChild(command, signals)).rejects.toThrow(
      /\[COMMAND_NOT_FOUND\].*\/no\/such\/program/,
    );
  });
});
