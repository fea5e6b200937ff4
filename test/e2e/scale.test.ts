import { existsSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { startEngine, type EngineLog } from "../../src/engine/start-engine.ts";
import { Session, type Identity } from "./client.ts";
import { startDevServer, wranglerDev } from "./dev-server.ts";
import { HostWatch, NOTHING } from "./host-state.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject } from "./project.ts";

const INSTANCES = 100;
const CLIENTS = 8;

skipWithoutNamespaces();

/** Asks all, so many at a time. */
async function identifyAll(sessions: readonly Session[]): Promise<readonly Identity[]> {
  const answers: Identity[] = [];
  const queue = sessions.entries();
  const client = async (): Promise<void> => {
    for (const [index, session] of queue) answers[index] = await session.identify();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return answers;
}

describe("startEngine()", () => {
  it(`runs ${INSTANCES} instances at once, each of which answers with its own id, and leaves nothing`, async () => {
    await using project = await createProject();
    const watch = new HostWatch(project.tmpDir);
    const events: EngineLog[] = [];
    vi.stubEnv("TMPDIR", project.tmpDir);
    const engine = await startEngine({ log: (event) => events.push(event) });
    vi.unstubAllEnvs();
    const exits = () => events.filter(({ kind }) => kind === "container-exited");
    try {
      await using server = await startDevServer({
        command: wranglerDev(),
        cwd: project.path,
        env: { ...project.env, ...engine.env },
      });
      const sessions = Array.from(
        { length: INSTANCES },
        (_, n) => new Session(server, "App", `${n}`),
      );
      const first = await identifyAll(sessions);
      expect(new Set(first.map(({ instance }) => instance)).size).toBe(INSTANCES);
      const second = await identifyAll(sessions);
      expect(second).toMatchObject(first.map(({ instance }) => ({ instance, pid: 1, count: 2 })));
      expect(exits()).toEqual([]); // so all of them lived at once
      const held = watch.note(process.pid);
      const apps = held.processes.filter((line) => line.endsWith("node server.js "));
      expect(apps).toHaveLength(INSTANCES);
    } finally {
      await engine[Symbol.asyncDispose]();
    }
    expect(exits()).toHaveLength(INSTANCES);
    expect(existsSync(engine.socketPath)).toBe(false);
    expect(await watch.left()).toEqual(NOTHING);
  });
});
