import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, lstatSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";

import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buffer } from "node:stream/consumers";
import { writeFile } from "node:fs/promises";

import { createBuildFixture, filesOf, type BuildFixture } from "./build-fixture.ts";

let fixture: BuildFixture;
beforeEach(async () => {
  fixture = await createBuildFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const context = {
  "a.txt": "a",
  "b.txt": "b",
  "dir/c.txt": "c",
  "dir/deep/d.txt": "d",
  "with space.txt": "s",
  link: "-> a.txt",
  "dir/inner-link": "-> ../a.txt",
  dirlink: "-> dir",
};

describe("copyStep()", () => {
  it.each<[what: string, steps: string, expected: Readonly<Record<string, string>>]>([
    ["a file to a new path", "COPY a.txt /x/y", { "/x/y": "a" }],
    ["a file into a directory that ends with /", "COPY a.txt /x/", { "/x/a.txt": "a" }],
    ["a file to .", "WORKDIR /w\nCOPY a.txt .", { "/w/a.txt": "a" }],
    ["a file to ./", "WORKDIR /w\nCOPY a.txt ./", { "/w/a.txt": "a" }],
    ["a file to a relative path", "WORKDIR /w\nCOPY a.txt n/m", { "/w/n/m": "a" }],
    ["a file into a directory that exists", "WORKDIR /w\nCOPY a.txt /w", { "/w/a.txt": "a" }],
    ["a file into a directory of the base", "COPY a.txt /tmp", { "/tmp/a.txt": "a" }],
    [
      "a directory's contents",
      "COPY dir /x",
      {
        "/x/c.txt": "c",
        "/x/deep/d.txt": "d",
        "/x/inner-link": "-> ../a.txt",
      },
    ],
    [
      "a directory's contents with /",
      "COPY dir/ /x/",
      {
        "/x/c.txt": "c",
        "/x/deep/d.txt": "d",
        "/x/inner-link": "-> ../a.txt",
      },
    ],
    ["several files", "COPY a.txt b.txt /x/", { "/x/a.txt": "a", "/x/b.txt": "b" }],
    ["by *", "COPY *.txt /x/", { "/x/a.txt": "a", "/x/b.txt": "b", "/x/with space.txt": "s" }],
    ["by ?", "COPY ?.txt /x/", { "/x/a.txt": "a", "/x/b.txt": "b" }],
    ["by a set", "COPY [a].txt /x/", { "/x/a.txt": "a" }],
    ["by a negated set", "COPY [^a].txt /x/", { "/x/b.txt": "b" }],
    ["by * in a directory", "COPY d*/*.txt /x/", { "/x/c.txt": "c" }],
    ["by a name and an optional one", "COPY a.txt nothin[g] /x/", { "/x/a.txt": "a" }],
    ["the JSON form", 'COPY ["with space.txt", "/x/"]', { "/x/with space.txt": "s" }],
    ["what a symlink leads to", "COPY link /x/", { "/x/link": "a" }],
    [
      "the contents of what a symlink leads to",
      "COPY dirlink /x",
      {
        "/x/c.txt": "c",
        "/x/deep/d.txt": "d",
        "/x/inner-link": "-> ../a.txt",
      },
    ],
    ["by a variable", "ARG N=a\nCOPY ${N}.txt /x/$N", { "/x/a": "a" }],
    ["over an earlier file", "COPY a.txt /x\nCOPY b.txt /x", { "/x": "b" }],
    ["a heredoc", 'ENV P=8\nCOPY <<E /x\nport $P "q" \\n\nE', { "/x": 'port 8 "q" \\n\n' }],
    ["a heredoc with a quoted delimiter", "COPY <<'E' /x\n$P\nE", { "/x": "$P\n" }],
    [
      "a heredoc into a directory",
      "COPY <<one <<two /x/\n1\none\n2\ntwo",
      {
        "/x/one": "1\n",
        "/x/two": "2\n",
      },
    ],
    ["a heredoc without its tabs", "COPY <<-E /x\n\tin\n\tE", { "/x": "in\n" }],
    [
      "the whole context",
      "COPY dir/deep /\nCOPY . /w",
      {
        "/d.txt": "d",
        "/w/a.txt": "a",
        "/w/b.txt": "b",
        "/w/dir/c.txt": "c",
        "/w/dir/deep/d.txt": "d",
        "/w/dir/inner-link": "-> ../a.txt",
        "/w/dirlink": "-> dir",
        "/w/link": "-> a.txt",
        "/w/with space.txt": "s",
      },
    ],
  ])("copies %s", async (_what, steps, expected) => {
    await fixture.context(context);
    const image = await fixture.build(`FROM node\n${steps}\n`);
    expect(await filesOf(image)).toEqual(expected);
  });

  it("follows a symlink in the image's own path, as to /usr of the host", async () => {
    await fixture.context({ "a.txt": "a", "links/app": "-> /srv/real" });
    const image = await fixture.build(
      "FROM node\nWORKDIR /srv/real\nCOPY links /\nCOPY a.txt /app/",
    );
    expect(await filesOf(image)).toEqual({ "/app": "-> /srv/real", "/srv/real/a.txt": "a" });
  });

  it("copies a directory through a link of the image that has its name", async () => {
    await fixture.context({ "links/app": "-> /srv/real", "tree/app/f": "f" });
    const image = await fixture.build("FROM scratch\nWORKDIR /srv/real\nCOPY links /\nCOPY tree /");
    expect(await filesOf(image)).toEqual({ "/app": "-> /srv/real", "/srv/real/f": "f" });
  });

  it("keeps the permission bits, and takes --chmod and --chown", async () => {
    await fixture.context({ "run.sh": "x" });
    chmodSync(join(fixture.contextDir, "run.sh"), 0o750);
    const image = await fixture.build(
      "FROM node\nCOPY run.sh /a\nCOPY --chmod=644 --chown=12:34 run.sh /b",
    );
    const [first = "", second = ""] = image.layers;
    expect(lstatSync(join(first, "a")).mode & 0o7777).toBe(0o750);
    const stats = lstatSync(join(second, "b"));
    expect(stats.mode & 0o7777).toBe(0o644);
    const isRoot = process.getuid?.() === 0;
    expect([stats.uid, stats.gid]).toEqual(
      isRoot ? [12, 34] : [process.getuid?.(), process.getgid?.()],
    );
  });

  it("resolves names of --chown by the image's own account files", async () => {
    await fixture.context({ passwd: "app:x:71:72::/:/bin/sh\n", group: "team:x:73:\n", f: "f" });
    const dockerfile =
      "FROM scratch\nCOPY passwd group /etc/\nCOPY --chown=app f /a\nCOPY --chown=app:team f /b";
    const image = await fixture.build(dockerfile);
    const isRoot = process.getuid?.() === 0;
    const own = [process.getuid?.(), process.getgid?.()];
    const ownerOf = (path: string): unknown => {
      const { uid, gid } = lstatSync(path);
      return [uid, gid];
    };
    expect(ownerOf(join(image.layers[1] ?? "", "a"))).toEqual(isRoot ? [71, 72] : own);
    expect(ownerOf(join(image.layers[2] ?? "", "b"))).toEqual(isRoot ? [71, 73] : own);
    await expect(fixture.build("FROM scratch\nCOPY --chown=ghost f /a")).rejects.toThrow(
      /\[DOCKERFILE_INVALID\] Cannot chown at line 2: no user "ghost"/,
    );
  });

  it("keeps owner and bits of directories that are there already", async () => {
    await fixture.context({ "a.txt": "a" });
    const image = await fixture.build("FROM node\nCOPY --chown=5 --chmod=600 a.txt /tmp/a.txt");
    expect(lstatSync(join(image.layers[0] ?? "", "tmp")).mode & 0o7777).toBe(0o1777);
  });

  it.each<[what: string, steps: string, message: RegExp]>([
    ["a missing source", "COPY nope /x", /COPY_FAILED.*line 2.*nope is not in the build context/],
    [
      "a source above the context",
      "COPY ../x /x",
      /DOCKERFILE_INVALID.*line 2.*outside the build context/,
    ],
    ["several sources to a file", "COPY a.txt b.txt /x", /line 2.*\/x must end with \//],
    ["a lone argument", "COPY a.txt", /line 2.*at least one source and a destination/],
    ["a URL", "ADD https://example.com/x /x", /DOCKERFILE_UNSUPPORTED.*line 2: ADD of a URL/],
    ["a git address", "ADD git@example.com:a/b.git /x", /line 2: ADD of a URL/],
    ["an unknown flag", "COPY --keep a.txt /x/", /line 2: COPY --keep; only --from/],
    ["--parents of ADD", "ADD --parents a.txt /x/", /line 2: ADD --parents/],
    ["--from of ADD", "ADD --from=x a.txt /x/", /line 2: ADD --from/],
    [
      "--from of a foreign image",
      "COPY --from=nginx:1 /etc /x/",
      /NO_SUCH_IMAGE.*line 2: COPY --from=nginx:1; there is no image nginx:1 for linux\/\w+, tried/,
    ],
    ["--from by a variable", "COPY --from=$X a.txt /", /line 2: COPY --from=\$X; name the stage/],
    ["a --chmod in words", "COPY --chmod=u+x a.txt /x/", /line 2.*is not octal/],
    [
      "a file over a directory",
      "COPY dir/deep/d.txt /y\nCOPY dir /y",
      /COPY_FAILED.*line 3.*\/y is no directory/,
    ],
    ["a symlink out of the context", "COPY out /x", /COPY_FAILED.*line 2.*out is not in/],
  ])("refuses %s by line and name", async (_what, steps, message) => {
    await fixture.context({ ...context, out: "-> /etc/hostname" });
    await expect(fixture.build(`FROM node\n${steps}\n`)).rejects.toThrow(message);
  });

  it("never follows a symlink out of the context, through a directory neither", async () => {
    await fixture.context({ "a.txt": "a", up: "-> ../..", etc: "-> /etc" });
    await expect(fixture.build("FROM node\nCOPY etc/hostname /x")).rejects.toThrow("COPY_FAILED");
    const image = await fixture.build("FROM node\nCOPY up/a.txt /x");
    expect(await filesOf(image)).toEqual({ "/x": "a" }); // ".." ends at the context's root
  });

  it.each([
    ["excluded files", "*.txt\n", "COPY . /", { "/dir/c.txt": "c", "/.dockerignore": "*.txt\n" }],
    [
      "files brought back",
      "dir\n!dir/c.txt\n*.txt\n.dockerignore",
      "COPY . /",
      { "/dir/c.txt": "c" },
    ],
    ["nothing of an excluded directory", "dir\n.dockerignore", "COPY . /", { "/a.txt": "a" }],
    ["by **", "**/*.txt\n.dockerignore", "COPY . /x/", {}],
  ])("honours .dockerignore: %s", async (_what, rules, steps, expected) => {
    await fixture.context({ "a.txt": "a", "dir/c.txt": "c", ".dockerignore": rules });
    const image = await fixture.build(`FROM node\n${steps}\n`);
    expect(await filesOf(image)).toEqual(expected);
  });

  it("finds no excluded file by its name", async () => {
    await fixture.context({ secret: "s", ".dockerignore": "secret" });
    await expect(fixture.build("FROM node\nCOPY secret /")).rejects.toThrow(/\.dockerignore/);
  });

  it("keeps the bit by which a program runs as its owner, as Docker does", async () => {
    await fixture.context({ su: "#!" });
    chmodSync(join(fixture.contextDir, "su"), 0o4755);
    const archive = pack();
    archive.entry({ name: "packed", mode: 0o2755 }, "#!");
    archive.finalize();
    await writeFile(join(fixture.contextDir, "x.tar"), await buffer(archive));
    const image = await fixture.build(
      "FROM scratch AS one\nCOPY su /su\nADD x.tar /\nFROM scratch\nCOPY --from=one / /",
    );
    const modes = ["su", "packed"].map((name) => lstatSync(join(image.layers[0] ?? "", name)).mode);
    expect(modes.map((mode) => mode & 0o7777)).toEqual([0o4755, 0o2755]);
  });

  it.each(["tar", "tar.gz"])("unpacks a %s by ADD, and not by COPY", async (kind) => {
    const archive = pack();
    archive.entry({ name: "top/", type: "directory", mode: 0o755 });
    archive.entry({ name: "top/f", mode: 0o600 }, "text");
    archive.entry({ name: "top/hard", type: "link", linkname: "top/f" });
    archive.entry({ name: "top/soft", type: "symlink", linkname: "f" });
    archive.entry({ name: "../../climbed" }, "inside");
    archive.finalize();
    const bytes = await buffer(archive);
    await writeFile(
      join(fixture.contextDir, "x.tar"),
      kind === "tar" ? bytes : zlib.gzipSync(bytes),
    );
    const image = await fixture.build("FROM scratch\nADD x.tar /u/");
    expect(await filesOf(image)).toEqual({
      "/u/climbed": "inside",
      "/u/top/f": "text",
      "/u/top/hard": "text",
      "/u/top/soft": "-> f",
    });
    const copied = await fixture.build("FROM scratch\nCOPY x.tar /u/");
    expect(Object.keys(await filesOf(copied))).toEqual(["/u/x.tar"]);
  });

  it("writes nothing outside when a link of an archive leads out", async () => {
    const archive = pack();
    archive.entry({ name: "out", type: "symlink", linkname: "/" });
    archive.entry({ name: "out/escaped" }, "kept in");
    archive.finalize();
    await writeFile(join(fixture.contextDir, "x.tar"), await buffer(archive));
    const image = await fixture.build("FROM scratch\nADD x.tar /u/");
    expect(await filesOf(image)).toEqual({ "/escaped": "kept in", "/u/out": "-> /" });
  });

  it.each(["bzip2", "xz", "zstd"])("unpacks what %s made", async (program) => {
    const isThere = spawnSync(program, ["--version"]).status === 0;
    const canRead = program !== "zstd" || "createZstdDecompress" in zlib;
    if (!isThere || !canRead) return; // nothing here makes or reads it
    const archive = pack();
    archive.entry({ name: "f" }, "text");
    archive.finalize();
    const input = await buffer(archive);
    const packed = execFileSync(program, ["-c"], { input });
    await writeFile(join(fixture.contextDir, "x.tar.z"), packed);
    await writeFile(
      join(fixture.contextDir, "plain.z"),
      execFileSync(program, ["-c"], { input: "p" }),
    );
    const image = await fixture.build("FROM scratch\nADD x.tar.z plain.z /u/");
    expect(Object.keys(await filesOf(image))).toEqual(["/u/f", "/u/plain.z"]);
  });

  it.runIf("zstdCompressSync" in zlib)("unpacks zstd of several frames", async () => {
    const archive = pack();
    archive.entry({ name: "f" }, "text");
    archive.entry({ name: "g" }, "x".repeat(4_000));
    archive.finalize();
    const input = await buffer(archive);
    const frames = [input.subarray(0, 1_000), input.subarray(1_000)];
    const packed = Buffer.concat(frames.map((frame) => zlib.zstdCompressSync(frame)));
    await writeFile(join(fixture.contextDir, "x.tar.zst"), packed);
    const image = await fixture.build("FROM scratch\nADD x.tar.zst /u/");
    expect(Object.keys(await filesOf(image))).toEqual(["/u/f", "/u/g"]);
  });

  it("copies by ADD what only begins like an archive", async () => {
    await writeFile(join(fixture.contextDir, "x.bz2"), "BZh91AY");
    const image = await fixture.build("FROM scratch\nADD x.bz2 /");
    expect(await filesOf(image)).toEqual({ "/x.bz2": "BZh91AY" });
  });

  it("refuses devices in archives by name, and stores nothing", async () => {
    const archive = pack();
    archive.entry({ name: "dev/sda", type: "block-device", devmajor: 8, devminor: 0 });
    archive.finalize();
    await writeFile(join(fixture.contextDir, "x.tar"), await buffer(archive));
    await expect(fixture.build("FROM scratch\nADD x.tar /")).rejects.toThrow(
      /ARCHIVE_UNSAFE.*dev\/sda: it is a block-device/,
    );
    expect(await fixture.store.list()).toEqual([]);
  });

  it.each<[what: string, steps: string, expected: Readonly<Record<string, string>>]>([
    [
      "parents by --parents",
      "COPY --parents dir/deep/d.txt a.txt /x/",
      { "/x/a.txt": "a", "/x/dir/deep/d.txt": "d" },
    ],
    ["parents after /./", "COPY --parents dir/./deep/d.txt /x/", { "/x/deep/d.txt": "d" }],
    ["parents of a directory", "COPY --parents dir/deep /x/", { "/x/dir/deep/d.txt": "d" }],
    [
      "all but what --exclude names",
      "COPY --exclude=**/*.txt --exclude=link* . /x/",
      { "/x/dir/inner-link": "-> ../a.txt", "/x/dirlink": "-> dir" },
    ],
    [
      "all of some files but what --exclude names",
      "COPY --exclude=b* a.txt b.txt /x/",
      { "/x/a.txt": "a" },
    ],
  ])("copies %s", async (_what, steps, expected) => {
    await fixture.context(context);
    expect(await filesOf(await fixture.build(`FROM scratch\n${steps}\n`))).toEqual(expected);
  });

  it("takes the Dockerfile's own ignore file before the context's", async () => {
    await fixture.context({ a: "a", b: "b", ".dockerignore": "a" });
    const dockerfilePath = join(fixture.root, "My.Dockerfile");
    await writeFile(`${dockerfilePath}.dockerignore`, "b\n.dockerignore");
    const image = await fixture.build("FROM scratch\nCOPY . /", { dockerfilePath });
    expect(await filesOf(image)).toEqual({ "/a": "a" });
    const other = await fixture.build("FROM scratch\nCOPY . /", {
      dockerfilePath: join(fixture.root, "Other.Dockerfile"),
    });
    expect(Object.keys(await filesOf(other))).toEqual(["/.dockerignore", "/b"]);
  });

  it("links to what the same step copied before, never two paths of a layer to one file", async () => {
    await fixture.context({ a: "same", b: "same", c: "1" });
    const layerOf = async (): Promise<string> =>
      (await fixture.build("FROM scratch\nCOPY . /")).layers[0] ?? "";
    const first = await layerOf();
    await fixture.context({ c: "22" });
    const second = await layerOf();
    const inodeOf = (layer: string, name: string): number => lstatSync(join(layer, name)).ino;
    expect(inodeOf(second, "a")).toBe(inodeOf(first, "a"));
    expect(inodeOf(second, "b")).not.toBe(inodeOf(second, "a"));
    expect(inodeOf(second, "c")).not.toBe(inodeOf(first, "c"));
    chmodSync(join(fixture.contextDir, "a"), 0o600);
    const third = await layerOf();
    expect(inodeOf(third, "a")).not.toBe(inodeOf(first, "a"));
    expect(lstatSync(join(first, "a")).mode & 0o777).not.toBe(0o600);
    expect(inodeOf(third, "b")).toBe(inodeOf(first, "b"));
  });

  it("leaves out pipes", async () => {
    execFileSync("sh", ["-c", `mkfifo "$1"`, "sh", join(fixture.contextDir, "pipe")]);
    await fixture.context({ f: "f" });
    expect(await filesOf(await fixture.build("FROM node\nCOPY . /x"))).toEqual({ "/x/f": "f" });
  });
});
