import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { spawn } from "node:child_process";

import { pack } from "tar-stream";

import { importArchive } from "../../../src/engine/sandbox/archive.ts";
import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import type { Pod } from "../../../src/engine/sandbox/sandbox.ts";
import { escapeAttempts, secretText, type HostSecrets } from "./escape-attempts.ts";
import { containerEnv, eventually, outcomeOf, Workspace } from "./fixture.ts";

// Run as root or as nobody by escapes.test.ts; prints what every attempt printed, as JSON.
const workspace = new Workspace();
const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
const writableOther = workspace.rootfs();
const servers = [createServer(), createServer()] as const;
const results: Record<string, string> = {};

async function prepareHost(): Promise<HostSecrets> {
  const secretFile = join(workspace.path, "secret");
  writeFileSync(secretFile, secretText, { mode: 0o644 });
  const socketFile = join(workspace.path, "socket");
  servers[0].listen(socketFile);
  servers[1].listen(0, "127.0.0.1");
  await eventually(() => servers.every(({ listening }) => listening));
  const address: AddressInfo | string | null = servers[1].address();
  const { dev } = statSync(secretFile);
  return {
    secretFile,
    socketFile,
    abstractSocket: await listenAbstract(),
    tcpPort: typeof address === "object" && address !== null ? address.port : 0,
    enginePid: process.pid,
    otherWritableDir: writableOther.writableDir,
    device: [(dev >> 8) & 0xfff, dev & 0xff],
  };
}

let listener: ReturnType<typeof spawn> | undefined;

/** Node cannot listen on an abstract socket. */
async function listenAbstract(): Promise<string> {
  const name = `berth-test-${process.pid}`;
  const script = `socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack("S a*", AF_UNIX, "\\0${name}")); listen(S, 5); $| = 1; print "ready\n"; sleep 60`;
  listener = spawn("perl", ["-MSocket", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  if (listener.stdout !== null) await once(listener.stdout, "data");
  return name;
}

async function attack(pod: Pod, host: HostSecrets): Promise<void> {
  const attempts = [...escapeAttempts(host)];
  const work = async (): Promise<void> => {
    for (let next = attempts.shift(); next !== undefined; next = attempts.shift()) {
      const command = await pod.exec({ argv: ["sh", "-c", next.script], env: containerEnv });
      const { stdout, stderr } = await outcomeOf(command);
      results[next.name] = stdout + stderr;
    }
  };
  await Promise.all([work(), work(), work()]);
}

/** An image whose tools and preloaded library would run with the sandbox's rights if they could. */
async function attackWithImage(): Promise<void> {
  const evil = '#!/bin/sh\ngrep CapEff /proc/self/status >>/tmp/ran\nexec "$@"\n';
  const names = ["setpriv", "unshare", "env", "nsenter", "mount", "umount", "script", "stty"];
  const layer = workspace.layer({
    ...Object.fromEntries(names.map((name) => [`usr/bin/${name}`, evil])),
    "etc/ld.so.preload": "/tmp/evil.so\n",
  });
  const pod = await sandbox.createPod({ name: "image" });
  const rootfs = workspace.rootfs(layer);
  const env = { ...containerEnv, LD_PRELOAD: "/app/evil.so" };
  const app = await pod.launch({ ...workspace.shell("read x"), env, rootfs });
  const command = await pod.exec({
    argv: ["sh", "-c", "cat /tmp/ran && echo ESCAPED; echo tried"],
    env,
  });
  results["runs an image's tools with the sandbox's rights"] = (await outcomeOf(command)).stdout;
  app.signal(9);
  await pod.close();
}

/** A tar with links that lead out, and one that climbs. */
async function attackWithArchive(host: HostSecrets): Promise<void> {
  const name = "writes through links in an archive";
  const tar = pack();
  tar.entry({ name: "out", type: "symlink", linkname: workspace.path });
  tar.entry({ name: "out/secret" }, "overwritten");
  tar.entry({ name: "up", type: "symlink", linkname: "../../../../../../../../../.." });
  tar.entry({ name: `up${host.secretFile}` }, "overwritten");
  tar.finalize();
  const rootfs = workspace.rootfs();
  const { Readable } = await import("node:stream");
  await importArchive(rootfs, "/tmp", Readable.from(tar)).catch(() => undefined);
  const isChanged = readFileSync(host.secretFile, "utf8") !== secretText;
  results[name] = isChanged ? "ESCAPED tried" : "tried";
}

const host = await prepareHost();
process.env["BERTH_TEST_SECRET"] = secretText;
const other = await sandbox.createPod({ name: "other" });
const otherScript = `echo ${secretText} >/tmp/other; echo ${secretText} >/dev/shm/other; echo up; read x`;
const otherApp = await other.launch(workspace.shell(otherScript, { rootfs: writableOther }));
await once(otherApp.stdout, "data");
const layer = workspace.directory("layer");
mkdirSync(join(layer, "app"));
symlinkSync(host.secretFile, join(layer, "app/link-to-secret"));
const pod = await sandbox.createPod({ name: "attacker" });
const app = await pod.launch(workspace.shell("read x", { rootfs: workspace.rootfs(layer) }));
await attack(pod, host);
app.signal(9);
await attackWithImage();
await attackWithArchive(host);
await sandbox[Symbol.asyncDispose]();
listener?.kill();
for (const server of servers) server.close();
workspace.remove();
const { privilege } = sandbox.facts;
process.stdout.write(JSON.stringify({ privilege, results }));
