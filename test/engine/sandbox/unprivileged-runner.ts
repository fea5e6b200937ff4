import { once } from "node:events";
import { readdirSync } from "node:fs";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { exportArchive, importArchive } from "../../../src/engine/sandbox/archive.ts";
import { findPrivilege } from "../../../src/engine/sandbox/find-privilege.ts";
import {
  pastaInternet,
  slirpInternet,
} from "../../../src/engine/sandbox/network/user-mode-internet.ts";
import { ProcessPod } from "../../../src/engine/sandbox/pod.ts";
import { containerEnv, outcomeOf, Workspace } from "./fixture.ts";
import { attemptIn } from "./attempt-in.ts";
import { startFakeWorkerd } from "./fake-workerd.ts";
import { callSidecar, exchange } from "./ingress-client.ts";
import { reach } from "./remote-network.ts";

// Run as nobody by unprivileged.test.ts; prints what happened, as JSON.
const [hostAddress = "", remoteAddress = "", hostPort = ""] = process.argv.slice(2);
const workspace = new Workspace();
const sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
const results: Record<string, unknown> = {
  facts: sandbox.facts,
  privilege: await findPrivilege(),
};

async function serve(): Promise<unknown> {
  const pod = await sandbox.createPod({ name: "serve" });
  const script = 'require("net").createServer(s=>s.end("hi")).listen(80,()=>console.log("up"))';
  const rootfs = workspace.rootfs(
    workspace.layer({ "app/file": "from the image", "usr/local/bin/tool": "#!/bin/sh\necho tool" }),
  );
  const app = await pod.launch({
    ...workspace.shell("", { rootfs }),
    argv: ["node", "-e", script],
  });
  await once(app.stdout, "data");
  const exec = async (command: string) =>
    outcomeOf(await pod.exec({ argv: ["sh", "-c", command], env: containerEnv }));
  const answer = await exchange(pod.ingressPort, 80, "");
  const files = await exec(
    "id -u; cat /app/file; tool; echo x >/tmp/y; echo z >/etc/z; cat /tmp/y /etc/z",
  );
  const terminal = await pod.exec({
    argv: ["stty", "size"],
    env: containerEnv,
    tty: { columns: 90, rows: 20 },
  });
  const size = (await outcomeOf(terminal)).stdout.trim();
  app.signal(15);
  const alive = await exec("kill -0 1 && echo alive");
  app.signal(9);
  const { exitCode } = await app.exited;
  await pod.close();
  return { answer, files: files.stdout, size, alive: alive.stdout, exitCode };
}

async function hog(): Promise<unknown> {
  const pod = await sandbox.createPod({ name: "hog" });
  const script =
    "const a=[];setInterval(()=>a.push(Buffer.alloc(8e6,1)),1);setTimeout(()=>process.exit(0),9000)";
  const spec = {
    ...workspace.shell(""),
    argv: ["node", "-e", script],
    limits: { memoryBytes: 96e6 },
  };
  const exit = await (await pod.launch(spec)).exited;
  await pod.close();
  return exit;
}

async function archive(): Promise<unknown> {
  const rootfs = workspace.rootfs(workspace.layer({ "data/a": "A" }));
  const { exitCode } = await outcomeOf(
    await sandbox.run({
      ...workspace.shell("rm /data/a; mkdir -m 0 /data/locked; echo B >/data/b", { rootfs }),
      network: "none",
    }),
  );
  const { Readable } = await import("node:stream");
  const { extract, pack } = await import("tar-stream");
  const tar = pack();
  tar.entry({ name: "c" }, "C");
  tar.finalize();
  await importArchive(rootfs, "/data", Readable.from(tar));
  const seen = await outcomeOf(
    await sandbox.run({
      ...workspace.shell("cd /data; rmdir locked; cat *", { rootfs }),
      network: "none",
    }),
  );
  const names: string[] = [];
  const reader = extract();
  (await exportArchive(rootfs, "/data", undefined)).pipe(reader);
  for await (const entry of reader) {
    names.push(entry.header.name);
    entry.resume();
  }
  return { exitCode, seen: seen.stdout, names };
}

async function internet(kind: "pasta" | "slirp4netns"): Promise<unknown> {
  const pod = await sandbox.createPod({ name: kind });
  await pod.launch(workspace.shell("read x"));
  const way = kind === "pasta" ? pastaInternet() : slirpInternet();
  const network = { index: 1, helperPid: pod instanceof ProcessPod ? pod.helperPid : 0 };
  const targets = [
    `${remoteAddress}|7001`,
    `${hostAddress}|${hostPort}`,
    `127.0.0.1|${hostPort}`,
    `10.0.2.2|${hostPort}`,
  ];
  const before = await reach(pod, targets);
  await way.connect(network);
  const during = await reach(pod, targets);
  await way.close();
  await pod.close();
  return { before, during };
}

async function interception(): Promise<unknown> {
  const workerd = await startFakeWorkerd(200);
  const pod = await sandbox.createPod({ name: "interception" });
  await pod.launch(workspace.shell("read x"));
  const { port } = workerd;
  const body = { port, dns: { allowHostnames: ["*.example"] }, internet: { enabled: false } };
  const { status } = await callSidecar(pod.ingressPort, "PUT", "/egress", body);
  const attempts = await attemptIn(
    pod,
    "http://a.example/",
    "http://[2001:db8::7]/",
    "tcp:a.example:81",
  );
  await pod.close();
  workerd.close();
  return { status, attempts, heads: workerd.heads };
}

const { status } = await sandbox.createPod({ name: "off" }).then(async (pod) => {
  const answer = await callSidecar(pod.ingressPort, "PUT", "/egress", { port: 1 });
  await pod.close();
  return answer;
});
results["egress"] = status;
results["serve"] = await serve();
results["hog"] = await hog();
results["archive"] = await archive();
results["interception"] = await interception();
if (remoteAddress !== "") {
  results["pasta"] = await internet("pasta").catch(String);
  results["slirp4netns"] = await internet("slirp4netns").catch(String);
}
await sandbox[Symbol.asyncDispose]();
results["left"] = readdirSync(workspace.path, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.includes("sandbox-") || name.includes(".berth-work"),
);
workspace.remove();
process.stdout.write(JSON.stringify(results));
