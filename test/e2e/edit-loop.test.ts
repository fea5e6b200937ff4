import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { useFixtureServer } from "./fixture-server.ts";

const fixture = useFixtureServer();

/** Replaces a text in a file of the project, as an editor does. */
async function edit(file: string, from: string, to: string): Promise<void> {
  const path = join(fixture.project.path, file);
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`No ${from} in ${file}`);
  await writeFile(path, text.replaceAll(from, to));
}

describe("the edit loop of berth dev", () => {
  it("keeps the container when the Worker changes, and tells no stop", async () => {
    const session = fixture.session("App", "worker-edit");
    const before = await session.identify();
    await edit("worker.ts", "No class ", "Still no class ");
    await fixture.server.printed("Local server updated and ready");
    const after = await eventually(
      () => session.identify().catch(() => undefined),
      (identity) => identity !== undefined,
    );
    expect(after).toMatchObject({ instance: before.instance, count: before.count + 1 });
    expect(await session.seen()).toMatchObject({
      starts: 1,
      stops: [],
      constructions: 2,
      isRunning: true,
    });
  });

  it("rebuilds and replaces the containers when their sources change, and says so", async () => {
    const session = fixture.session("App", "container-edit");
    const before = await session.identify();
    expect(before.instance).toMatch(/^[0-9a-f]{64}$/);
    await edit(
      "container/server.js",
      "JSON.stringify({ instance:",
      'JSON.stringify({ edited: "yes", instance:',
    );
    await fixture.server.printed(
      /berth: sources changed: rebuilt cloudflare-dev\/app:[0-9a-f]+, replacing [12] running/,
    );
    const after = await session.identify();
    expect(after).toMatchObject({ edited: "yes", instance: before.instance, count: 1 });
    const { starts, stops } = await session.seen();
    expect(starts).toBe(2);
    expect(stops).toMatchObject([{ runId: 1 }]);
  });

  it("says why a build fails, and goes on with what it has", async () => {
    const session = fixture.session("App", "broken-edit");
    const before = await session.identify();
    await edit("container/Dockerfile", "COPY . .", "COPY missing .");
    await fixture.server.printed(/sources changed, but the build failed: .*missing/);
    const after = await session.identify();
    expect(after).toMatchObject({ instance: before.instance, count: before.count + 1 });
  });
});
