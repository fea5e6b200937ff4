import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Session } from "./client.ts";
import { berthEngine, startDevServer, wranglerDev } from "./dev-server.ts";
import { HostWatch, NOTHING } from "./host-state.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject, REPOSITORY } from "./project.ts";
import { askTwo, expectTwoInstances } from "./two-sessions.ts";

skipWithoutNamespaces();

const vite = join(REPOSITORY, "node_modules/vite/bin/vite.js");

describe("berth engine", () => {
  it("runs plain wrangler dev, and leaves nothing when it is interrupted", async () => {
    await using project = await createProject();
    await using server = await startDevServer({
      command: berthEngine(...wranglerDev()),
      cwd: project.path,
      env: project.env,
    });
    const watch = new HostWatch(project.tmpDir);
    const [a, b] = [new Session(server, "App", "a"), new Session(server, "App", "b")];
    const first = await a.identify();
    expect((await b.identify()).instance).not.toBe(first.instance);
    expect(await a.identify()).toMatchObject({ instance: first.instance, count: 2 });
    watch.note(server.process.pid ?? 0);
    await server.stop();
    expect(await watch.left()).toEqual(NOTHING);
  });

  it("runs vite dev with Cloudflare's plugin", async () => {
    await using project = await createProject("examples/vite");
    await using server = await startDevServer({
      command: berthEngine(process.execPath, vite, "dev", "--port", "0"),
      cwd: project.path,
      env: project.env,
    });
    const watch = new HostWatch(project.tmpDir);
    expectTwoInstances(
      await askTwo(`${server.url}/api/who`, (session) => ({
        headers: { cookie: `visitor=${session}` },
      })),
    );
    const page = await fetch(server.url, { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("A container behind Vite");
    watch.note(server.process.pid ?? 0);
    await server.stop();
    expect(await watch.left()).toEqual(NOTHING);
  });
});
