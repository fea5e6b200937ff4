import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { Session } from "./client.ts";
import { berthDev, startDevServer } from "./dev-server.ts";
import { HostWatch, NOTHING } from "./host-state.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject } from "./project.ts";

skipWithoutNamespaces();

describe("berth dev in a terminal", () => {
  it("replaces the containers by wrangler's rebuild key, and leaves nothing after Ctrl-C", async () => {
    await using project = await createProject();
    await using server = await startDevServer({
      command: berthDev(),
      cwd: project.path,
      env: project.env,
      input: "terminal",
    });
    const pid = server.process.pid ?? 0;
    const watch = new HostWatch(project.tmpDir);
    const session = new Session(server, "App", "a");
    expect((await session.identify()).count).toBe(1);
    expect((await session.identify()).count).toBe(2);
    watch.note(pid);
    server.press("r");
    await server.printed(/\] ended with exit code 137[^]*Local server updated and ready/);
    expect(await session.identify()).toMatchObject({ pid: 1, count: 1 });
    const { starts, stops } = await session.seen();
    expect(starts).toBe(2);
    expect(stops).toHaveLength(1);

    expect(watch.note(pid).processes.length).toBeGreaterThan(4);
    const exited = once(server.process, "exit");
    server.press("\u0003");
    expect(await exited).toEqual([0, null]);
    expect(await watch.left()).toEqual(NOTHING);
  });
});
