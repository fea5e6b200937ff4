import { once } from "node:events";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { findTool } from "../../../src/engine/sandbox/host-tools.ts";
import { findInterception } from "../../../src/engine/sandbox/network/interception.ts";
import { ProcessPod } from "../../../src/engine/sandbox/pod.ts";
import type { Sandbox } from "../../../src/engine/sandbox/sandbox.ts";
import { attemptIn } from "./attempt-in.ts";
import { startFakeWorkerd } from "./fake-workerd.ts";
import { Workspace } from "./fixture.ts";
import { callSidecar } from "./ingress-client.ts";

const isRoot = process.getuid?.() === 0;
const listen = `const net = require("node:net");
let left = 2;
for (const host of ["127.0.0.3", "::1"])
  net.createServer((socket) => socket.end(host)).listen(61009, host, () => --left || console.log("up"));`;

describe.skipIf(!isRoot)("interception (skipped without root)", () => {
  const workspace = new Workspace();
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await createSandbox({
      stateDir: workspace.stateDir,
      log: workspace.log,
      warmPods: 0,
    });
  });
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]();
    workspace.remove();
  });

  for (const [tool, program] of [
    ["nft", "nft"],
    ["iptables", "iptables-restore"],
  ] as const)
    it.skipIf(findTool(program) === undefined)(
      `sends ports 80 and 443 to its listeners by ${tool} (skipped without ${program})`,
      async () => {
        const pod = await sandbox.createPod({ name: tool });
        const app = await pod.launch({ ...workspace.shell(""), argv: ["node", "-e", listen] });
        await once(app.stdout, "data");
        const helperPid = pod instanceof ProcessPod ? pod.helperPid : 0;
        const interception = findInterception("root", (name) => name === program);
        const ports = new Map([
          ["ipv4", 61_009],
          ["ipv6", 61_009],
        ] as const);
        await interception.install(helperPid, ports);
        expect(
          await attemptIn(
            pod,
            ...["tcp:203.0.113.9:80", "tcp:203.0.113.9:443", "tcp:2001:db8::9:80"],
            ...["tcp:127.0.0.1:80", "tcp:203.0.113.9:81"],
          ),
        ).toEqual(["127.0.0.3", "127.0.0.3", "::1", "ECONNREFUSED", "ENETUNREACH"]);
        await pod.close();
      },
    );

  it("says what is missing when no tool is there", async () => {
    const interception = findInterception("root", () => false);
    await expect(interception.install(process.pid, new Map())).rejects.toThrow(
      /Cannot intercept .*nftables/,
    );
  });

  it("breaks connections that workerd does not take, and tells workerd what it knows", async () => {
    const workerd = await startFakeWorkerd(503);
    const pod = await sandbox.createPod({ name: "refused" });
    await pod.launch(workspace.shell("read x"));
    const body = { port: workerd.port, dns: { allowHostnames: ["*"] } };
    expect(await callSidecar(pod.ingressPort, "PUT", "/egress", body)).toMatchObject({
      status: 204,
    });
    const targets = ["http://203.0.113.9/|a.example", "tls:203.0.113.9:443:b.example"];
    expect(await attemptIn(pod, ...targets)).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect(workerd.heads).toHaveLength(2);
    expect(workerd.heads).toEqual(
      expect.arrayContaining([
        ["CONNECT 203.0.113.9:80 HTTP/1.1", "X-Hostname: a.example"],
        ["CONNECT 203.0.113.9:443 HTTP/1.1", "X-Tls-Sni: b.example"],
      ]),
    );
    workerd.close();
    expect(await attemptIn(pod, ...targets)).toEqual(["ECONNRESET", "ECONNRESET"]);
    await pod.close();
  });

  it("answers GET /ca with one certificate for all pods", async () => {
    const pods = [await sandbox.createPod({ name: "a" }), await sandbox.createPod({ name: "b" })];
    const [one, other] = await Promise.all(
      pods.map((pod) => callSidecar(pod.ingressPort, "GET", "/ca")),
    );
    expect(one?.body).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(one).toEqual(other);
    for (const pod of pods) await pod.close();
  });
});
