import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openGuards } from "../../../src/cli/images/open-guards.ts";
import type { ImageGuards, PushCheck } from "../../../src/cli/images/image-scope.ts";
import { defaults, ociImage, ScopeFixture } from "./scope-fixture.ts";

const HOST = "cloudflare.example";
const { push: unasked, keep } = defaults;

let fixture: ScopeFixture;
let asked: string[];
let said: string[];
beforeEach(async () => {
  fixture = await ScopeFixture.open();
  asked = [];
  said = [];
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Guards that ask a wrangler which answers from a table; it fails where the table has nothing. */
function guards(answers: Readonly<Record<string, unknown>> = {}): ImageGuards {
  return openGuards({
    store: fixture.store,
    remote: fixture.remote,
    cloudflare: {
      host: HOST,
      credentials: async () => undefined,
      qualify: async (name) => `${HOST}/account/${name}`,
    },
    ask: async (args) => {
      const command = args.filter((arg) => /^[a-z]/.test(arg)).join(" ");
      asked.push(command);
      if (command in answers) return JSON.stringify(answers[command]);
      throw new Error("not logged in");
    },
    projectDir: fixture.directory,
    say: (line) => said.push(line),
  });
}

/** An image of the store, packed so far as the guards look. */
async function pushOf(target: string): Promise<PushCheck> {
  const config = Buffer.from('{"os":"linux","architecture":"amd64"}');
  const { digest, sizeBytes } = await fixture.store.blobs.write(config);
  const packed = { ...ociImage("f", ["a"]), config: { mediaType: "", digest, size: sizeBytes } };
  return { image: await fixture.makeImage("app:1"), packed, target };
}

describe("openGuards()", () => {
  it("checks the account's total before a push to Cloudflare", async () => {
    fixture.remote.put("registry.example/account/web", "1", ociImage("e", ["b"]));
    const answers = { "containers images list": [{ name: "web", tags: ["1"] }] };
    const push = await pushOf(`${HOST}/account/app:1`);
    const checked = guards(answers).checkPush(push, { ...unasked, accountLimitBytes: 3500 });
    await expect(checked).rejects.toMatchObject({ code: "ACCOUNT_FULL" });
    expect(await guards(answers).checkPush(push, unasked)).toEqual([]);
  });

  it("pushes, with a warning, where the account's total is not to be had", async () => {
    const push = await pushOf(`${HOST}/account/app:1`);
    expect(await guards().checkPush(push, unasked)).toEqual([]);
    expect(said).toEqual(["warning: the account's total is not checked: not logged in"]);
  });

  it("asks nobody before a push to another registry", async () => {
    expect(await guards().checkPush(await pushOf("r.io/app:1"), unasked)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("checks the type of the configuration that it finds", async () => {
    const text = '{ "containers": [{ "class_name": "A", "instance_type": "basic" }] }';
    await writeFile(join(fixture.directory, "wrangler.jsonc"), text);
    const push = await pushOf("r.io/app:1");
    const checked = guards().checkPush(push, { ...unasked, diskBytes: 0, isForced: false });
    const layers = await fixture.store.layers.createDraft();
    await writeFile(join(layers, "file"), "content");
    await expect(checked).resolves.toEqual([]); // no layers, no disk
    const { name } = await fixture.store.layers.add("layer-1", layers, { kind: "cache" });
    const { config } = push.image;
    const image = await fixture.store.create({ base: "none", config, layers: [name] }, "app:1");
    await expect(
      guards().checkPush({ ...push, image }, { ...unasked, diskBytes: 1 }),
    ).rejects.toThrow(/on basic/);
  });

  it("refuses --write before the push where there is no configuration", async () => {
    const push = await pushOf("r.io/app:1");
    const checked = guards().checkPush(push, { ...unasked, isWritten: true });
    await expect(checked).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  it("minds what the configuration and the keep file use of the store, and asks nobody", async () => {
    const text = '{ "containers": [{ "class_name": "A", "image": "r.io/app:1" }] }';
    await writeFile(join(fixture.directory, "wrangler.jsonc"), text);
    const keepFile = join(fixture.directory, "keep");
    await writeFile(keepFile, "r.io/web:2\n");
    const { uses, unknown } = await guards().findUses({ kind: "store" }, { ...keep, keepFile });
    expect(uses.map(({ wants }) => wants)).toEqual([
      { kind: "reference", reference: "r.io/web:2" },
      { kind: "reference", reference: "r.io/app:1" },
    ]);
    expect({ unknown, asked }).toEqual({ unknown: [], asked: [] });
  });

  it("says what it does not know of a registry", async () => {
    const place = { kind: "registry", repository: `${HOST}/account/app` } as const;
    const { unknown } = await guards().findUses(place, keep);
    expect(unknown).toContainEqual(expect.stringMatching(/not logged in/));
  });

  it("asks nobody about another registry where no configuration is", async () => {
    const place = { kind: "registry", repository: "r.io/app" } as const;
    expect(await guards().findUses(place, keep)).toEqual({ uses: [], unknown: [] });
    expect(asked).toEqual([]);
    await writeFile(join(fixture.directory, "wrangler.jsonc"), '{ "name": "w" }');
    expect((await guards().findUses(place, keep)).unknown).not.toEqual([]);
  });
});
