import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeDockerWrapper } from "./docker-wrapper.ts";

let directory: string;
let tagFile: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth it's "));
  tagFile = join(directory, "tags");
  const program = join(directory, "real docker");
  const script = `#!/bin/sh\nprintf '%s\\n' "buildkit=$DOCKER_BUILDKIT" "$@"\n`;
  await writeFile(program, script, { mode: 0o755 });
  await writeDockerWrapper({ directory, program, tagFile });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What Docker's own program is called with. */
function call(...args: string[]): readonly string[] {
  const env = { PATH: process.env["PATH"], DOCKER_BUILDKIT: "1" };
  const output = execFileSync(join(directory, "docker"), args, { encoding: "utf8", env });
  return output.trimEnd().split("\n");
}

it("Builds go without the flags of buildx, and their tags are kept", async () => {
  const args = ["-t", "app:1", "--platform", "linux/amd64", "--provenance=false", "-f", "-"];
  expect(call("build", "--load", ...args, "a folder")).toEqual([
    ...["buildkit=0", "build", "-t", "app:1", "--platform", "linux/amd64", "-f", "-", "a folder"],
  ]);
  expect(await readFile(tagFile, "utf8")).toBe("app:1\n");
});

it("What is to be pulled must be there", () => {
  const expected = ["buildkit=1", "image", "inspect", "--format", "{{.Id}}", "name:tag"];
  expect(call("pull", "name:tag", "--platform", "linux/amd64")).toEqual(expected);
});

it("Other commands are Docker's own", () => {
  expect(call("info", "--load", "-t")).toEqual(["buildkit=1", "info", "--load", "-t"]);
});
