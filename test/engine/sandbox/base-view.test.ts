import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { makeBaseEtc } from "../../../src/engine/sandbox/base-etc.ts";
import {
  findHostDirectories,
  hasSubmounts,
  lockedFlags,
} from "../../../src/engine/sandbox/host-directories.ts";
import { findNodeInstallation } from "../../../src/engine/sandbox/node-installation.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-base-"));
afterAll(() => rmSync(directory, { recursive: true }));

function write(path: string, text: string, mode = 0o644): void {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

describe("makeBaseEtc()", () => {
  it("copies what is harmless and readable by all, and nothing else", () => {
    write("etc/shadow", "root:secret");
    write("etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh");
    write("etc/machine-id", "0123");
    write("etc/ssh/key", "private");
    write("etc/ld.so.preload", "/lib/x.so");
    write("etc/services", "http 80/tcp");
    write("etc/ssl/certs/ca.pem", "PEM");
    write("etc/ssl/private/key.pem", "private", 0o600);
    write("etc/apt/sources.list", "deb https://user:password@host/ x main");
    write("etc/apt/apt.conf.d/50", "Acquire::Retries 3;");
    symlinkSync("/usr/share/zoneinfo/UTC", join(directory, "etc/localtime"));
    makeBaseEtc(join(directory, "etc"), join(directory, "out"));
    const names = readdirSync(join(directory, "out"), { recursive: true, encoding: "utf8" });
    expect(names.toSorted()).toEqual([
      "apt",
      "apt/apt.conf.d",
      "apt/apt.conf.d/50",
      "group",
      "localtime",
      "passwd",
      "services",
      "ssl",
      "ssl/certs",
      "ssl/certs/ca.pem",
      "ssl/private",
    ]);
    expect(readFileSync(join(directory, "out/passwd"), "utf8")).not.toContain("alice");
  });
});

describe("findNodeInstallation()", () => {
  it("shows the program and its package managers, and nothing else of a prefix", () => {
    write("local/bin/node", "", 0o755);
    write("local/lib/node_modules/npm/bin/npm-cli.js", "");
    write("local/share/keyrings/secret", "");
    const { files, links } = findNodeInstallation(join(directory, "local"));
    expect([...files.keys()]).toEqual(["bin/node", "lib/node_modules/npm"]);
    expect(links.get("npx")).toBe("/opt/node/lib/node_modules/npm/bin/npx-cli.js");
  });

  it("shows nothing when there is no Node", () => {
    expect(findNodeInstallation(join(directory, "nothing")).files.size).toBe(0);
  });
});

describe("findHostDirectories()", () => {
  it("tells directories from links, whether /usr is merged or not", () => {
    mkdirSync(join(directory, "host/usr"), { recursive: true });
    mkdirSync(join(directory, "host/lib64"));
    symlinkSync("usr/bin", join(directory, "host/bin"));
    expect(findHostDirectories(join(directory, "host"))).toEqual({
      directories: ["usr", "lib64"],
      links: new Map([["bin", "usr/bin"]]),
    });
  });
});

describe("lockedFlags()", () => {
  const mounts = [
    { mountPoint: "/", options: ["rw"], type: "ext4" },
    { mountPoint: "/usr/local", options: ["ro", "noexec"], type: "ext4" },
  ];

  it("keeps noexec of the mount that holds a path", () => {
    expect(lockedFlags("/usr/local/bin", mounts)).toEqual(["noexec"]);
    expect(lockedFlags("/usr", mounts)).toEqual([]);
  });

  it("goes with hasSubmounts(), which finds mounts below", () => {
    expect([hasSubmounts("/usr", mounts), hasSubmounts("/opt", mounts)]).toEqual([true, false]);
  });
});
