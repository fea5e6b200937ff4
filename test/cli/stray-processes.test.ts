import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";

import {
  killSession,
  killStraySessions,
  sessionOfThisProcess,
  SESSION_VARIABLE,
} from "../../src/cli/stray-processes.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

async function startMarked(session: string, name = "/x/bin/workerd"): Promise<ChildProcess> {
  const env = { ...process.env, [SESSION_VARIABLE]: session };
  const child = spawn("sh", ["-c", "echo up; read line", name], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  started.push(child);
  await once(child.stdout, "data"); // it is the shell by now, with its own environment
  return child;
}

const own = sessionOfThisProcess();
const [, , namespace = ""] = own.split(".");
const dead = `4194304.1.${namespace}`; // above the largest pid there is

describe.skipIf(process.platform !== "linux")("stray processes (Linux)", () => {
  it("killSession() ends what a session left, and no other's", async () => {
    const mine = await startMarked(own);
    const other = await startMarked(dead);
    killSession(own);
    expect((await once(mine, "exit"))[1]).toBe("SIGKILL");
    expect(other.signalCode).toBeNull();
  });

  it.each(["/a/node_modules/wrangler/bin/wrangler.js", "/a/@esbuild/linux-x64/bin/esbuild"])(
    "killSession() ends %s",
    async (name) => {
      const child = await startMarked(own, name);
      killSession(own);
      expect((await once(child, "exit"))[1]).toBe("SIGKILL");
    },
  );

  it("killSession() leaves what wrangler only opened, as a browser", async () => {
    const browser = await startMarked(own, "/usr/bin/browser");
    const workerd = await startMarked(own);
    killSession(own);
    await once(workerd, "exit");
    expect(browser.signalCode).toBeNull();
  });

  it("killStraySessions() ends what sessions left whose process is gone", async () => {
    const stray = await startMarked(dead);
    const live = await startMarked(own);
    const foreign = await startMarked("4194304.1.99"); // pids of another namespace say nothing
    killStraySessions();
    expect((await once(stray, "exit"))[1]).toBe("SIGKILL");
    expect([live.signalCode, foreign.signalCode]).toEqual([null, null]);
  });
});
