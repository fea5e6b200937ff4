import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createRunStep } from "../../src/engine/run-step.ts";
import { createSandbox } from "../../src/engine/sandbox/create-sandbox.ts";
import type { Sandbox } from "../../src/engine/sandbox/sandbox.ts";
import { buildImage, type BuildOptions } from "../../src/images/build-image.ts";
import { openImageStore, type BuildStore, type Image } from "../../src/images/image-store.ts";
import { filesOf } from "../images/build-fixture.ts";
import { copyPrograms } from "./host-programs.ts";

const root = mkdtempSync(join(tmpdir(), "berth-run-"));
const contextDir = join(root, "context");
let sandbox: Sandbox;
let store: BuildStore;
const lines: string[] = [];

const programs = "FROM scratch AS base\nCOPY programs /\nCOPY etc /etc\n";

beforeAll(async () => {
  copyPrograms(join(contextDir, "programs"), ["sh", "cat", "ls", "rm", "mkdir", "id", "chmod"]);
  mkdirSync(join(contextDir, "etc"));
  writeFileSync(
    join(contextDir, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\napp:x:7:8::/a:/bin/sh\n",
  );
  sandbox = await createSandbox({ stateDir: join(root, "state"), log: () => undefined });
  store = await openImageStore(join(root, "store"));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

function build(steps: string, options: Partial<BuildOptions> = {}): Promise<Image> {
  lines.length = 0;
  return buildImage({
    ...{ store, contextDir, tag: "run:1", buildArgs: {}, isRunAllowed: true },
    dockerfile: programs + steps,
    run: createRunStep(sandbox),
    log: (line) => lines.push(line.trim()),
    ...options,
  });
}

/** @returns the files of the last layer */
async function lastLayerOf(image: Image): Promise<Readonly<Record<string, string>>> {
  return filesOf({ ...image, layers: image.layers.slice(-1) });
}

describe("RUN on an image's own files", () => {
  it("sees them alone, with proc, dev and tmp, and leaves none of these in the layer", async () => {
    const image = await build(
      "RUN ls / && ls /proc/self/exe && echo x >/dev/null && echo t >/tmp/t && rm /tmp/t && echo made >/made\n",
    );
    const top = lines.slice(lines.indexOf("bin"), lines.indexOf("/proc/self/exe"));
    expect(top).toEqual(expect.arrayContaining(["bin", "dev", "etc", "proc", "sys", "tmp"]));
    expect(top).not.toContain("home");
    expect(await lastLayerOf(image)).toEqual({ "/made": "made\n" });
  });

  it("keeps nothing of the sandbox's own hosts, hostname and resolv.conf", async () => {
    const image = await build(
      "RUN echo '1.2.3.4 x' >>/etc/hosts; rm /etc/resolv.conf || true; echo kept >/etc/kept\n",
    );
    expect(await lastLayerOf(image)).toEqual({ "/etc/kept": "kept\n" });
    const bare = await build("RUN cat /etc/hosts /etc/resolv.conf && echo x >>/etc/hostname\n");
    expect(lines.join()).toContain("localhost");
    expect(await lastLayerOf(bare)).toEqual({});
  });

  it("removes files of lower layers", async () => {
    const image = await build(
      "RUN mkdir -p /d/e && echo 1 >/d/e/f && echo 2 >/g\nRUN rm -r /d && rm /g\n",
    );
    const files = Object.keys(await filesOf(image));
    expect(files.filter((path) => /^\/[dg]/.test(path))).toEqual([]);
    expect(files).toContain("/bin/sh");
  });

  it("runs as a user of the image, in that user's home", async () => {
    await build('USER app\nRUN echo "$HOME $(id -u)"\n');
    const uid = sandbox.facts.privilege === "root" ? 7 : 0;
    expect(lines).toContain(`/a ${uid}`);
    await expect(build("USER ghost\nRUN id\n")).rejects.toThrow(/USER_UNKNOWN|ghost/);
  });

  it("fails by line and exit code when the image has no shell", async () => {
    const dockerfile = "FROM scratch\nCOPY etc /etc\nRUN true\n";
    await expect(build("", { dockerfile })).rejects.toThrow(
      /\[RUN_FAILED\] Cannot build line 3: RUN true; .*there is no \/bin\/sh in the image/,
    );
  });

  it("gives the same layer whoever's host it is: by content, not by time", async () => {
    const step = "RUN echo same >/same\n";
    const first = await build(step);
    const other = await openImageStore(join(root, "other-store"));
    const second = await build(step, { store: other });
    expect(second.id).toBe(first.id);
    expect(await lastLayerOf(second)).toEqual(await lastLayerOf(first));
  });
});

describe("RUN --mount", () => {
  it("shows a file and a directory of the context, and keeps no mount point", async () => {
    mkdirSync(join(contextDir, "src/deep"), { recursive: true });
    writeFileSync(join(contextDir, "src/deep/f"), "deep");
    writeFileSync(join(contextDir, "one"), "one");
    const image = await build(
      "RUN --mount=type=bind,source=src,target=/w/src --mount=source=one,target=/w/one.txt,rw " +
        "cat /w/src/deep/f /w/one.txt >/out; echo gone >/w/one.txt; echo x >/w/src/no || echo refused\n",
    );
    expect(lines).toContain("refused");
    expect(await lastLayerOf(image)).toEqual({ "/out": "deepone" });
    expect(readFileSync(join(contextDir, "one"), "utf8")).toBe("one");
  });

  it("runs again when what a bind shows changed, and only then", async () => {
    writeFileSync(join(contextDir, "two"), "1");
    const step = "RUN --mount=source=two,target=/two cat /two >/out\n";
    await build(step);
    expect((await build(step)).id).toBe((await build(step)).id);
    expect(lines.at(-1)).toMatch(/\(cached\)$/);
    writeFileSync(join(contextDir, "two"), "22");
    expect(await lastLayerOf(await build(step))).toEqual({ "/out": "22" });
  });

  it("shows files of an earlier stage", async () => {
    const image = await build(
      "RUN echo made >/made\nFROM scratch\nCOPY programs /\n" +
        "RUN --mount=from=base,source=/made,target=/in cat /in >/out\n",
    );
    expect(await lastLayerOf(image)).toEqual({ "/out": "made\n" });
  });

  it("keeps a cache between builds, and a tmpfs not at all", async () => {
    const step = (name: string): string =>
      `RUN --mount=type=cache,target=/c,id=k --mount=type=tmpfs,target=/t ls /c /t; echo ${name} >/c/${name}; echo >/t/t\n`;
    expect(await lastLayerOf(await build(step("a")))).toEqual({});
    await build(step("b"));
    expect(lines).toContain("a");
    expect(lines).not.toContain("t");
  });

  it("shows a secret while it runs, and refuses one that is required and not given", async () => {
    const file = join(root, "secret");
    writeFileSync(file, "hush");
    const step =
      "RUN --mount=type=secret,id=key,required cat /run/secrets/key; ls -l /run/secrets\n";
    const image = await build(step, { secrets: { key: file } });
    expect(lines.join()).toMatch(/hush.*-r--------/);
    expect(await lastLayerOf(image)).toEqual({});
    await expect(build(step)).rejects.toThrow(
      /line 4: RUN --mount=type=secret,id=key; no such secret/,
    );
  });
});
