import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Session } from "./client.ts";
import { berthDev, startDevServer, type DevServer } from "./dev-server.ts";
import { eventually } from "./eventually.ts";
import { HostWatch, NOTHING } from "./host-state.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject, type Project } from "./project.ts";

skipWithoutNamespaces();

describe("berth dev", () => {
  let project: Project;
  const servers: DevServer[] = [];

  beforeEach(async () => {
    project = await createProject();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    await project[Symbol.asyncDispose]();
  });

  const start = async (): Promise<{ server: DevServer; pid: number; watch: HostWatch }> => {
    const server = await startDevServer({
      command: berthDev(),
      cwd: project.path,
      env: project.env,
    });
    servers.push(server);
    return { server, pid: server.process.pid ?? 0, watch: new HostWatch(project.tmpDir) };
  };

  it("serves on when workerd was killed, and cleans up when wrangler is killed", async () => {
    const { server, pid, watch } = await start();
    const session = new Session(server, "App", "a");
    const before = await session.identify();
    // The Worker's own: when the other one dies, which is wrangler's front, wrangler serves no more.
    const [workerd, ...others] = watch.processes(pid, /workerd .*--socket-addr=entry=127\.0\.0\.1/);
    expect(others).toEqual([]);
    process.kill(workerd ?? 0, "SIGKILL");
    await server.printed("The Workers runtime crashed unexpectedly");
    const after = await eventually(
      () => session.identify().catch(() => undefined),
      (identity) => identity !== undefined,
    );
    // The container outlives workerd: the same run goes on, and onStop has nothing to tell.
    expect(after).toMatchObject({ instance: before.instance, count: before.count + 1 });
    expect(await session.seen()).toMatchObject({ starts: 1, stops: [], isRunning: true });

    expect(watch.note(pid).processes.length).toBeGreaterThan(4);
    const [wrangler] = watch.processes(pid, /wrangler\.js dev/);
    const exited = once(server.process, "exit");
    process.kill(wrangler ?? 0, "SIGKILL");
    expect(await exited).toEqual([137, null]);
    expect(await watch.left()).toEqual(NOTHING);
  });

  it("leaves nothing after Ctrl-C, nor of a session that was killed before", async () => {
    const first = await start();
    await new Session(first.server, "App", "a").identify();
    const held = first.watch.note(first.pid);
    expect(held.processes.length).toBeGreaterThan(4);
    expect(held.files).not.toEqual([]);
    if (process.getuid?.() === 0) expect(held.links).not.toEqual([]);
    const killed = once(first.server.process, "exit");
    first.server.process.kill("SIGKILL");
    await killed;

    const second = await start();
    expect(await first.watch.left()).toEqual(NOTHING);
    await new Session(second.server, "App", "a").identify();
    second.watch.note(second.pid);
    expect([0, 130]).toContain(await second.server.stop()); // wrangler's own code
    expect(await second.watch.left()).toEqual(NOTHING);
  });
});
