import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findAccountFacts } from "../../../src/cli/images/account-facts.ts";
import { checkPush } from "../../../src/cli/images/check-push.ts";
import { findConfig } from "../../../src/cli/images/find-config.ts";
import { offerUri, requireConfig } from "../../../src/cli/images/offer-uri.ts";
import { findPushLimits } from "../../../src/cli/images/push-limits.ts";
import { hasRegistryHost } from "../../../src/cli/images/registry-name.ts";
import { FakeRemote, ociImage, ScopeFixture } from "./scope-fixture.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-guards-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function config(text: string, name = "wrangler.jsonc"): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe("hasRegistryHost()", () => {
  it.each([
    ["app", false],
    ["app:1", false],
    ["team/app:1", false],
    ["localhost/app", true],
    ["localhost:5000/app", true],
    ["docker.io/app", true],
    ["registry:5000/app", true],
  ])("of %s is %s", (name, expected) => {
    expect(hasRegistryHost(name)).toBe(expected);
  });
});

describe("findConfig()", () => {
  it("takes them in wrangler's order", async () => {
    expect(findConfig(directory)).toBeUndefined();
    const toml = await config("", "wrangler.toml");
    expect(findConfig(directory)).toBe(toml);
    const jsonc = await config("{}");
    expect(findConfig(directory)).toBe(jsonc);
    const json = await config("{}", "wrangler.json");
    expect(findConfig(directory)).toBe(json);
  });
});

describe("findPushLimits()", () => {
  const unasked = {
    ...{ className: undefined, instanceType: undefined },
    ...{ diskBytes: undefined, accountLimitBytes: undefined },
  };
  const several = `{ "containers": [
    { "class_name": "A" },
    { "class_name": "B", "instance_type": "standard-1" },
    { "class_name": "C", "instance_type": { "vcpu": 1, "disk_mb": 5000 } },
    { "class_name": "D", "instance_type": "standard-99" }, // of the future
  ] }`;

  it.each([
    ["what was asked for", { ...unasked, instanceType: "basic" }, "basic", 4_000_000_000],
    ["the container's of the class", { ...unasked, className: "A" }, "lite", 2_000_000_000],
    ["a size of one's own", { ...unasked, className: "C" }, "instance_type", 5_000_000_000],
    ["the largest of several", unasked, "standard-1", 8_000_000_000],
    ["lite for a type of the future", { ...unasked, className: "D" }, "lite", 2_000_000_000],
  ])("takes %s", async (_name, asked, instanceType, diskBytes) => {
    const limits = await findPushLimits(asked, await config(several));
    expect(limits).toEqual({ instanceType, diskBytes, accountBytes: 50_000_000_000 });
  });

  it("takes limits that are given before all others", async () => {
    const given = { ...unasked, diskBytes: 7, accountLimitBytes: 8 };
    expect(await findPushLimits(given, await config(several))).toMatchObject({
      ...{ diskBytes: 7, accountBytes: 8 },
    });
  });

  it("takes lite where there is no configuration", async () => {
    expect(await findPushLimits(unasked, undefined)).toMatchObject({ instanceType: "lite" });
  });

  it("refuses a type that is not known", async () => {
    const limits = findPushLimits({ ...unasked, instanceType: "huge" }, undefined);
    await expect(limits).rejects.toThrow(/\[BAD_OPTION\] Cannot use --instance-type huge; give/);
  });
});

describe("checkPush()", () => {
  const limits = { instanceType: "lite", diskBytes: 20_000_000, accountBytes: 1000 };
  const platform = { os: "linux", architecture: "amd64" };

  async function check(overrides: Partial<Parameters<typeof checkPush>[1]>): Promise<unknown> {
    await using fixture = await ScopeFixture.open();
    const draft = await fixture.store.layers.createDraft();
    await mkdir(join(draft, "srv"));
    await writeFile(join(draft, "srv/data.bin"), Buffer.alloc(6_000_000));
    const { name } = await fixture.store.layers.add("layer-1", draft, { kind: "cache" });
    const { config } = await fixture.makeImage("app:1");
    const image = await fixture.store.create({ base: "none", config, layers: [name] }, "app:1");
    const push = { image, packed: fixture.packed, target: "r.io/app:1" };
    const { store } = fixture;
    return await checkPush(push, {
      store,
      limits,
      platform,
      mode: "check",
      account: {},
      ...overrides,
    });
  }

  it("names the largest files of an image that does not fit", async () => {
    await expect(check({})).rejects.toThrow(
      /\[IMAGE_TOO_LARGE\] Cannot run r.io\/app:1 on lite:[\s\S]*6.0 MB {2}layer-1[\s\S]*6.0 MB {2}\/srv\/data.bin, in layer-1/,
    );
  });

  it("tells the same and goes on when it is forced to", async () => {
    expect(await check({ mode: "force" })).toEqual([expect.stringMatching(/data.bin/)]);
  });

  it("says nothing of an image that fits", async () => {
    expect(await check({ limits: { ...limits, diskBytes: 30_000_000 } })).toEqual([]);
  });

  it.each([
    [{ platform: { os: "linux", architecture: "arm64" } }, "IMAGE_UNFIT"],
    [{ account: { accountBytes: 990, addedBytes: 20 } }, "ACCOUNT_FULL"],
  ])("refuses by %j", async (overrides, code) => {
    const room = { ...limits, diskBytes: 30_000_000 };
    await expect(check({ limits: room, ...overrides })).rejects.toMatchObject({ code });
  });
});

describe("findAccountFacts()", () => {
  function push(manifest: string, layers: readonly string[], target = "r.io/me/app:1") {
    const packed = ociImage(manifest, layers);
    const config = {
      ...{ env: {}, entrypoint: [], cmd: [], workingDir: "/", exposedPorts: [], labels: {} },
    };
    const image = {
      ...{ id: "", tags: [], layers: [], base: "none" as const, config },
      ...{ createdAtMs: 0, sizeBytes: 0 },
    };
    return { image, packed, target };
  }

  it("counts what images share once, and adds what is new", async () => {
    const remote = new FakeRemote();
    remote.put("r.io/me/app", "0", ociImage("d", ["a", "b"]));
    remote.put("r.io/me/web", "1", ociImage("e", ["a"]));
    // Two manifests, one config, layers a and b; layer 9 is new, and config c is there.
    expect(await findAccountFacts(push("f", ["a", "9"]), "r.io", remote)).toEqual({
      accountBytes: 5000,
      addedBytes: 1000,
    });
  });

  it("asks for no list when the tag has this image already", async () => {
    const remote = new FakeRemote();
    remote.put("r.io/me/app", "1", ociImage("d", ["a"]));
    remote.listRepositories = async () => {
      throw new Error("asked");
    };
    expect(await findAccountFacts(push("d", ["a"]), "r.io", remote)).toEqual({});
  });
});

describe("offerUri()", () => {
  const uri = "r.io/me/app@sha256:1";
  const asked = { isWritten: false, className: undefined };
  const place = { configPath: undefined, isCloudflare: false };

  it("offers nothing where nothing would use it", async () => {
    expect(await offerUri(uri, asked, place)).toEqual({ kind: "none" });
  });

  it("offers lines to paste, as the configuration is written", async () => {
    const jsonc = await offerUri(uri, asked, { ...place, isCloudflare: true });
    expect(jsonc).toMatchObject({
      kind: "to-paste",
      lines: expect.arrayContaining([expect.stringContaining(`"image": "${uri}"`)]),
    });
    const configPath = await config("", "wrangler.toml");
    expect(await offerUri(uri, asked, { ...place, configPath })).toMatchObject({
      lines: expect.arrayContaining(["[[containers]]", `image = "${uri}"`]),
    });
  });

  it("writes it when it is asked to, and keeps comments", async () => {
    const text = '{\n  // mine\n  "containers": [{ "class_name": "A", "image": "old" }]\n}\n';
    const configPath = await config(text);
    const offer = await offerUri(uri, { ...asked, isWritten: true }, { ...place, configPath });
    expect(offer).toEqual({ kind: "written", path: configPath });
    expect(await readFile(configPath, "utf8")).toBe(text.replace("old", uri));
  });

  it("is refused before the push when there is nothing to write to", () => {
    expect(() => requireConfig({ isWritten: true }, undefined)).toThrow(
      /\[BAD_OPTION\] Cannot use --write: there is no wrangler/,
    );
  });
});
