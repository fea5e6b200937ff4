import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { buildWithDocker, type DockerBuildOptions } from "../../src/images/build-with-docker.ts";
import type { Image } from "../../src/images/image-store.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-docker-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const image: Image = {
  id: "sha256:1",
  tags: [],
  layers: [],
  base: "none",
  config: { env: {}, entrypoint: [], cmd: [], workingDir: "/", exposedPorts: [], labels: {} },
  createdAtMs: 0,
  sizeBytes: 0,
};

/** A program that notes how it was called, and does some of what Docker would. */
async function fakeDocker(failing = "none"): Promise<string> {
  const path = join(root, "docker");
  const script = `#!/bin/sh
printf '%s\\n' "$*" >>${root}/calls
[ "$1" = ${failing} ] && { echo "no: $1" >&2; exit 3; }
case "$1" in
build) cat >${root}/dockerfile
  while [ $# -gt 0 ]; do [ "$1" = --iidfile ] && echo sha256:abc >"$2"; shift; done
  echo "step one" >&2; echo "step two" ;;
save) echo archive >"$3" ;;
esac
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

function build(
  options: Pick<DockerBuildOptions, "docker" | "importLayout" | "log">,
): Promise<Image> {
  return buildWithDocker({
    ...{ contextDir: "/context", dockerfile: "FROM scratch\n", tag: "app:1" },
    ...{ buildArgs: { A: "x y" }, platform: "linux/amd64", target: "stage" },
    isPullForced: true,
    ...options,
  });
}

describe("buildWithDocker()", () => {
  it("builds, saves, and takes the archive in", async () => {
    const lines: string[] = [];
    let archive = "";
    const result = await build({
      docker: await fakeDocker(),
      log: (line) => lines.push(line),
      importLayout: async ({ path }) => {
        archive = path;
        expect(await readFile(path, "utf8")).toBe("archive\n");
        return image;
      },
    });
    expect(result).toBe(image);
    expect(lines.toSorted()).toEqual(["step one", "step two"]);
    expect(await readFile(join(root, "dockerfile"), "utf8")).toBe("FROM scratch\n");
    const calls = (await readFile(join(root, "calls"), "utf8")).trim().split("\n");
    expect(calls[0]).toMatch(
      /^build -f - -t app:1 --platform linux\/amd64 --iidfile \S+ --build-arg A=x y --target stage --pull \/context$/,
    );
    expect(calls.slice(1)).toEqual(["tag sha256:abc app:1", `save -o ${archive} app:1`]);
    await expect(readFile(archive)).rejects.toThrow("ENOENT");
  });

  it.each(["build", "save"])(
    "says what failed when %s does, and leaves nothing",
    async (command) => {
      const before = await leftovers();
      const lines: string[] = [];
      const log = (line: string): void => void lines.push(line);
      const importLayout = (): Promise<Image> => Promise.reject(new Error("nothing to take in"));
      await expect(build({ docker: await fakeDocker(command), log, importLayout })).rejects.toThrow(
        new RegExp(
          `\\[BUILDER_FAILED\\] .*docker ${command}" failed: exit code 3; .*--builder docker`,
        ),
      );
      expect(lines).toContain(`no: ${command}`);
      expect(await leftovers()).toEqual(before);
    },
  );

  it("says when there is no such program", async () => {
    const importLayout = (): Promise<Image> => Promise.resolve(image);
    const log = (): void => undefined;
    const options = { docker: join(root, "absent"), importLayout, log };
    await expect(build(options)).rejects.toThrow(/\[BUILDER_FAILED\].*ENOENT/);
  });
});

async function leftovers(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("berth-docker-build-"));
}
