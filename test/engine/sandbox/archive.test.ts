import { readFileSync, existsSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { extract, pack, type Pack } from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";

import { exportArchive, importArchive } from "../../../src/engine/sandbox/archive.ts";
import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { outcomeOf, Workspace } from "./fixture.ts";

const workspace = new Workspace();
const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  workspace.remove();
});

/** Lists a tar: names to contents, links as "-> target". */
async function listTar(tar: Readable): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  const reader = extract();
  tar.pipe(reader);
  for await (const entry of reader) {
    const { name, type, linkname } = entry.header;
    const content = await text(Readable.from(entry));
    entries[name] = type === "symlink" ? `-> ${linkname}` : content;
  }
  return entries;
}

function makeTar(fill: (tar: Pack) => void): Readable {
  const tar = pack();
  fill(tar);
  tar.finalize();
  return Readable.from(tar);
}

const layer = workspace.layer({ "data/a": "A", "data/sub/b": "B", "data/gone": "x" });
symlinkSync("/etc/hostname", join(layer, "data/link"));

describe("exportArchive()", () => {
  it("packs a directory of a container that never ran", async () => {
    const rootfs = workspace.rootfs(layer);
    expect(await listTar(await exportArchive(rootfs, "/data", undefined))).toEqual({
      "data/": "",
      "data/a": "A",
      "data/gone": "x",
      "data/link": "-> /etc/hostname",
      "data/sub/": "",
      "data/sub/b": "B",
    });
  });

  it("packs the content only for a path that ends in /.", async () => {
    const names = Object.keys(
      await listTar(await exportArchive(workspace.rootfs(layer), "/data/sub/.", undefined)),
    );
    expect(names).toEqual(["./", "./b"]);
  });

  it("sees what a running app wrote, deleted and replaced, and the same after it ended", async () => {
    const rootfs = workspace.rootfs(layer);
    const pod = await sandbox.createPod({ name: "archive" });
    const script =
      "rm -r /data/gone /data/sub; mkdir /data/sub; echo new >/data/sub/c; echo ok; read x";
    const app = await pod.launch(workspace.shell(script, { rootfs }));
    await new Promise((resolve) => app.stdout.once("data", resolve));
    const expected = {
      "data/": "",
      "data/a": "A",
      "data/link": "-> /etc/hostname",
      "data/sub/": "",
      "data/sub/c": "new\n",
    };
    expect(await listTar(await exportArchive(rootfs, "/data", pod))).toEqual(expected);
    app.signal(9);
    await app.exited;
    await pod.close();
    expect(await listTar(await exportArchive(rootfs, "/data", undefined))).toEqual(expected);
  });

  it("packs one file, and follows links on the way inside the container only", async () => {
    const rootfs = workspace.rootfs(layer, workspace.layer({ "etc/here": "inside" }));
    symlinkSync("/etc", join(layer, "data/etc-link"));
    expect(await listTar(await exportArchive(rootfs, "/data/etc-link/here", undefined))).toEqual({
      here: "inside",
    });
  });

  it("says what is not there", async () => {
    await expect(
      exportArchive(workspace.rootfs(layer), "/data/nothing", undefined),
    ).rejects.toThrow("PATH_NOT_FOUND");
    await expect(
      exportArchive(workspace.rootfs(layer), `/data/../../../../..${workspace.path}`, undefined),
    ).rejects.toThrow("PATH_NOT_FOUND");
  });
});

describe("importArchive()", () => {
  it("unpacks into a container that is only created, with modes, and the app sees it", async () => {
    const rootfs = workspace.rootfs();
    const tar = makeTar((each) => {
      each.entry({ name: "certs/", type: "directory", mode: 0o750 });
      each.entry({ name: "certs/ca.crt", mode: 0o640 }, "PEM");
      each.entry({ name: "deep/er/file" }, "made its parents");
      each.entry({ name: "certs/same", type: "link", linkname: "certs/ca.crt" });
    });
    await importArchive(rootfs, "/etc", tar);
    const pod = await sandbox.createPod({ name: "import" });
    const script =
      "cat /etc/certs/ca.crt /etc/certs/same /etc/deep/er/file; stat -c %a /etc/certs /etc/certs/ca.crt; test -e /etc/services";
    const { stdout, exitCode } = await outcomeOf(
      await pod.launch(workspace.shell(script, { rootfs })),
    );
    expect([stdout, exitCode]).toEqual(["PEMPEMmade its parents750\n640\n", 0]);
    await pod.close();
  });

  it("unpacks into a running container", async () => {
    const rootfs = workspace.rootfs();
    const pod = await sandbox.createPod({ name: "import" });
    const app = await pod.launch(workspace.shell("read x; cat /tmp/fresh", { rootfs }));
    await importArchive(
      rootfs,
      "/tmp",
      makeTar((tar) => tar.entry({ name: "fresh" }, "live")),
      pod,
    );
    app.stdin.end("\n");
    expect((await outcomeOf(app)).stdout).toBe("live");
    await pod.close();
  });

  it("follows an absolute link of the archive inside the container", async () => {
    const rootfs = workspace.rootfs();
    const tar = makeTar((each) => {
      each.entry({ name: "out", type: "symlink", linkname: "/var/tmp" });
      each.entry({ name: "out/landed" }, "inside");
    });
    await importArchive(rootfs, "/tmp", tar);
    expect(readFileSync(join(rootfs.writableDir, "var/tmp/landed"), "utf8")).toBe("inside");
    expect(existsSync("/var/tmp/landed")).toBe(false);
  });

  it("refuses names that lead upwards, and what is no archive", async () => {
    const up = makeTar((tar) => tar.entry({ name: "../../evil" }, "x"));
    await expect(importArchive(workspace.rootfs(), "/tmp", up)).rejects.toThrow("ARCHIVE_INVALID");
    const noise = Readable.from([Buffer.alloc(1_024, 7)]);
    await expect(importArchive(workspace.rootfs(), "/tmp", noise)).rejects.toThrow(
      "ARCHIVE_INVALID",
    );
    const missing = makeTar(() => undefined);
    await expect(importArchive(workspace.rootfs(), "/nowhere", missing)).rejects.toThrow(
      "PATH_NOT_FOUND",
    );
  });

  it("carries a large tree there and back", async () => {
    const data = Buffer.alloc(3_000_000, "abc");
    const rootfs = workspace.rootfs();
    await importArchive(
      rootfs,
      "/tmp",
      makeTar((tar) => tar.entry({ name: "big" }, data)),
    );
    const tar = await exportArchive(rootfs, "/tmp/big", undefined);
    expect((await listTar(tar))["big"]).toBe(data.toString());
    expect(statSync(join(rootfs.writableDir, "tmp")).mode & 0o7777).toBe(0o1777);
  });
});
