import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBuildContext } from "../../src/images/copy/build-context.ts";
import { readTextFile } from "../../src/images/read-text-file.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-text-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe("readTextFile()", () => {
  it("reads a file", async () => {
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
    expect(await readTextFile(join(directory, "Dockerfile"))).toBe("FROM scratch\n");
  });

  it("reads what a shell substitutes for a command", async () => {
    const module = new URL("../../src/images/read-text-file.ts", import.meta.url).href;
    const script = `console.log(await (await import(${JSON.stringify(module)})).readTextFile(process.argv[1]))`;
    const command = `"$0" --no-warnings --input-type=module -e "$1" <(echo FROM scratch)`;
    const output = execFileSync("bash", ["-c", command, process.execPath, script]);
    expect(output.toString().trim()).toBe("FROM scratch");
  });

  it("refuses a FIFO that nobody writes to, as .dockerignore, too", async () => {
    const path = join(directory, ".dockerignore");
    execFileSync("mkfifo", [path]);
    await expect(readTextFile(path)).rejects.toThrow(`${path} is no file`);
    await expect(openBuildContext(directory)).rejects.toThrow(`${path} is no file`);
  });

  it("tells of a file that is not there", async () => {
    await expect(readTextFile(join(directory, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
