import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { configLines, writeImageToConfig } from "../../../src/cli/deploy/write-image-to-config.ts";

const uri = `registry.cloudflare.com/0123/app@sha256:${"a".repeat(64)}`;

const jsonc = `{
	// The Worker
	"name": "app", /* kept */
	"containers": [
		{ "class_name": "App", "image": "./Dockerfile", "max_instances": 3 }, // the app
		{
			"class_name": "Jobs",
			"scheduling_policy": "durable_object",
			"images": {
				"small": { "dockerfile": "./small/Dockerfile", "build_vars": { "A": "1" } },
				"large": { "dockerfile": "./large/Dockerfile" },
			},
		},
	],
	"env": {
		"staging": { "containers": [{ "class_name": "App", "image": "./Dockerfile" }] },
	},
}
`;

const toml = `# The Worker
name = "app"   # kept
compatibility_date = 2026-01-01

[[containers]]
class_name = "App"      # the app
image = './Dockerfile'  # built
max_instances = 3

[[containers]]
class_name = "Other"
image = "./other/Dockerfile"

[env.staging]
vars = { A = "1" }

[[env.staging.containers]]
class_name = "App"
image = "./Dockerfile"
`;

describe("writeImageToConfig()", () => {
  let directory: string;
  const put = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-write-config-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("changes one value of a JSONC file, and no other byte", async () => {
    const path = await put("wrangler.jsonc", jsonc);
    await writeImageToConfig(path, { className: "App" }, uri);
    expect(await readFile(path, "utf8")).toBe(jsonc.replace("./Dockerfile", uri));
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
  });

  it("changes one value of a TOML file, and no other byte", async () => {
    const path = await put("wrangler.toml", toml);
    await writeImageToConfig(path, { className: "Other" }, uri);
    expect(await readFile(path, "utf8")).toBe(toml.replace("./other/Dockerfile", uri));
  });

  it.each([
    ["wrangler.jsonc", jsonc],
    ["wrangler.toml", toml],
  ])("finds an environment's container in %s", async (name, text) => {
    const path = await put(name, text);
    await writeImageToConfig(path, { className: "App", envName: "staging" }, uri);
    const at = text.lastIndexOf("./Dockerfile");
    const expected = `${text.slice(0, at)}${uri}${text.slice(at + "./Dockerfile".length)}`;
    expect(await readFile(path, "utf8")).toBe(expected);
  });

  it("replaces a Dockerfile of `images` with all that belongs to it", async () => {
    const path = await put("wrangler.jsonc", jsonc);
    await writeImageToConfig(path, { className: "Jobs", imageName: "small" }, uri);
    const text = await readFile(path, "utf8");
    expect(text).toMatch(new RegExp(`"small": \\{\\s+"image": "${uri}"\\s+\\}`));
    expect(text).toContain(`"large": { "dockerfile": "./large/Dockerfile" },`);
    expect(text).toContain("// the app");
  });

  it("needs no class where there is one container, and adds what is missing", async () => {
    const path = await put("wrangler.json", '{\n    "containers": [{ "class_name": "App" }]\n}\n');
    await writeImageToConfig(path, {}, uri);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      containers: [{ class_name: "App", image: uri }],
    });
  });

  it("writes to `configuration.image` where the file has it", async () => {
    const text = '{ "containers": [{ "class_name": "A", "configuration": { "image": "x:1" } }] }\n';
    const path = await put("wrangler.json", text);
    await writeImageToConfig(path, {}, uri);
    expect(await readFile(path, "utf8")).toBe(text.replace("x:1", uri));
  });

  it("keeps a link a link, and the file's mode", async () => {
    const path = await put("real.jsonc", jsonc);
    await symlink(path, join(directory, "wrangler.jsonc"));
    const { mode } = await stat(path);
    await writeImageToConfig(join(directory, "wrangler.jsonc"), { className: "App" }, uri);
    expect((await lstat(join(directory, "wrangler.jsonc"))).isSymbolicLink()).toBe(true);
    expect((await stat(path)).mode).toBe(mode);
    expect(await readFile(path, "utf8")).toContain(uri);
  });

  it.each([
    [
      "no such class",
      jsonc,
      { className: "None" },
      "no match a container of class None at the top",
    ],
    ["several containers", jsonc, {}, "3 match a container at the top level; it has App, Jobs ("],
    ["no containers", "{}", {}, "it has no containers"],
    ["broken text", '{\n "containers": [,', {}, "line 2 is no JSON"],
  ])("refuses %s", async (_, text, target, message) => {
    const path = await put("wrangler.jsonc", text);
    const writing = writeImageToConfig(path, target, uri);
    await expect(writing).rejects.toThrow(message);
    await expect(writing).rejects.toMatchObject({ code: "CONFIG_NOT_EDITABLE" });
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("refuses broken TOML, and a file that is not there", async () => {
    const path = await put("wrangler.toml", "name = \n");
    await expect(writeImageToConfig(path, {}, uri)).rejects.toThrow("[CONFIG_NOT_EDITABLE]");
    const missing = join(directory, "none.jsonc");
    await expect(writeImageToConfig(missing, {}, uri)).rejects.toThrow("ENOENT");
  });
});

describe("configLines()", () => {
  it("writes what to paste in either format", () => {
    expect(configLines("toml", { uri: "a/b@c", className: "App" })).toBe(
      '[[containers]]\nclass_name = "App"\nimage = "a/b@c"',
    );
    expect(JSON.parse(`{${configLines("jsonc", { uri: "a/b@c" })}}`)).toEqual({
      containers: [{ class_name: "MyContainer", image: "a/b@c" }],
    });
  });
});
