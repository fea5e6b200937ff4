import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findConfig } from "../../../src/cli/images/find-config.ts";
import { offerUri, requireConfig } from "../../../src/cli/images/offer-uri.ts";
import { findPushLimits } from "../../../src/cli/images/push-limits.ts";
import { hasRegistryHost } from "../../../src/images/registry/reference.ts";

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

  it("offers the class that the configuration has, when it has just one", async () => {
    const containers = [{ class_name: "Mine", image: "./Dockerfile" }];
    const one = await config(JSON.stringify({ containers }));
    expect(await offerUri(uri, asked, { ...place, configPath: one })).toMatchObject({
      lines: expect.arrayContaining([expect.stringContaining('"class_name": "Mine"')]),
    });
    const two = await config(JSON.stringify({ containers: [...containers, { class_name: "B" }] }));
    expect(await offerUri(uri, asked, { ...place, configPath: two })).toMatchObject({
      lines: expect.arrayContaining([expect.stringContaining('"class_name": "MyContainer"')]),
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
