import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { findTool } from "../../../src/engine/sandbox/host-tools.ts";
import { iptablesFirewall } from "../../../src/engine/sandbox/network/iptables-firewall.ts";
import { forwardNameQuery } from "../../../src/engine/sandbox/network/name-resolver.ts";
import { NatInternet } from "../../../src/engine/sandbox/network/nat-internet.ts";
import { nftFirewall } from "../../../src/engine/sandbox/network/nft-firewall.ts";
import { ProcessPod } from "../../../src/engine/sandbox/pod.ts";
import type { Sandbox } from "../../../src/engine/sandbox/sandbox.ts";
import { makeStateDirectory } from "../../../src/engine/sandbox/state-directory.ts";
import { containerEnv, eventually, outcomeOf, Workspace } from "./fixture.ts";
import { callSidecar } from "./ingress-client.ts";
import {
  hostAddress,
  makeRemote,
  reach,
  remoteAddress,
  startRemoteServer,
} from "./remote-network.ts";

const isRoot = process.getuid?.() === 0;
describe.skipIf(!isRoot || findTool("nft") === undefined)(
  "the internet as root (skipped without root or the nft command)",
  () => {
    const workspace = new Workspace();
    const servers = [
      createServer((socket) => socket.end("host")),
      createServer((socket) => socket.end("host")),
    ] as const;
    let boundPort: number | undefined;
    let anyPort: number | undefined;
    let sandbox: Sandbox;
    let removeRemote: () => void;
    let remote: Awaited<ReturnType<typeof startRemoteServer>>;

    beforeAll(async () => {
      removeRemote = makeRemote();
      remote = await startRemoteServer();
      servers[0].listen(0, hostAddress);
      servers[1].listen(0, "0.0.0.0");
      await Promise.all(servers.map((server) => once(server, "listening")));
      sandbox = await createSandbox({
        stateDir: workspace.stateDir,
        log: workspace.log,
        warmPods: 0,
      });
      [boundPort, anyPort] = servers.map(portOf);
    });
    afterAll(async () => {
      // First what a failed setup has made for sure.
      removeRemote();
      for (const server of servers) server.close();
      remote.kill();
      await sandbox[Symbol.asyncDispose]();
      workspace.remove();
    });

    it("says that it is there", () => {
      expect(sandbox.facts.internet).toBe("nat");
    });

    it("is off at first, comes with PUT /egress, and goes again", async () => {
      const pod = await sandbox.createPod({ name: "net" });
      await pod.launch(workspace.shell("read x"));
      const target = [`${remoteAddress}|7001`];
      const states: string[] = [];
      for (const enabled of [undefined, true, undefined, false]) {
        const internet = enabled === undefined ? {} : { internet: { enabled } };
        const { status } = await callSidecar(pod.ingressPort, "PUT", "/egress", {
          port: 1,
          ...internet,
        });
        states.push(`${status} ${String(await reach(pod, target))}`);
      }
      expect(states).toEqual(["204 ENETUNREACH", "204 remote", "204 remote", "204 ENETUNREACH"]);
      await pod.close();
    });

    it("never leads to the host: not to its interfaces, loopback, gateway or other pods", async () => {
      const pod = await sandbox.createPod({ name: "net" });
      const other = await sandbox.createPod({ name: "net" });
      const listen =
        'require("net").createServer(s=>s.end("other")).listen(7005,()=>console.log("up"))';
      const app = await other.launch({ ...workspace.shell(""), argv: ["node", "-e", listen] });
      await once(app.stdout, "data");
      await pod.launch(workspace.shell("read x"));
      for (const each of [pod, other]) if (each instanceof ProcessPod) await each.setInternet(true);
      const route = await pod.exec({ argv: ["ip", "-4", "route"], env: containerEnv });
      const gatewayAddress = /via (\S+)/.exec((await outcomeOf(route)).stdout)?.[1] ?? "";
      const addresses = await other.exec({
        argv: ["ip", "-4", "-o", "addr", "show", "eth0"],
        env: containerEnv,
      });
      const otherAddress = /inet ([\d.]+)/.exec((await outcomeOf(addresses)).stdout)?.[1] ?? "";
      const results = await reach(pod, [
        `${remoteAddress}|7001`,
        `${hostAddress}|${boundPort}`,
        `${hostAddress}|${anyPort}`,
        `${gatewayAddress}|${anyPort}`,
        `127.0.0.1|${anyPort}`,
        `${otherAddress}|7005`,
        "169.254.169.254|80",
      ]);
      expect(results).toEqual([
        "remote",
        "timeout",
        "timeout",
        "timeout",
        "ECONNREFUSED",
        "timeout",
        "timeout",
      ]);
      await pod.close();
      await other.close();
    });

    it("says at once that a name is not there while it is off", async () => {
      const pod = await sandbox.createPod({ name: "net" });
      await pod.launch(workspace.shell("read x"));
      const script = 'require("dns").resolve4("berth.invalid",e=>console.log(e.code))';
      const lookup = async () =>
        (
          await outcomeOf(await pod.exec({ argv: ["node", "-e", script], env: containerEnv }))
        ).stdout.trim();
      expect(await lookup()).toBe("ENOTFOUND");
      await pod.close();
    });

    it("asks the host's resolvers in turn for names", async () => {
      const resolver = createSocket("udp4");
      resolver.on("message", (query, peer) =>
        resolver.send(Buffer.concat([query, Buffer.from("!")]), peer.port, peer.address),
      );
      resolver.bind(53, hostAddress);
      await once(resolver, "listening");
      const answer = await forwardNameQuery(Buffer.from("name?"), ["127.77.77.77", hostAddress]);
      expect(answer?.toString()).toBe("name?!");
      expect(await forwardNameQuery(Buffer.from("name?"), [])).toBeUndefined();
      resolver.close();
    });

    it("leaves the host's links, rules and settings as they were", async () => {
      const before = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8");
      for (const firewall of [
        nftFirewall,
        ...(findTool("iptables") === undefined ? [] : [iptablesFirewall]),
      ]) {
        const state = makeStateDirectory(workspace.directory("state"));
        const internet = new NatInternet(state, firewall);
        const pod = await sandbox.createPod({ name: "net" });
        const helperPid = pod instanceof ProcessPod ? pod.helperPid : 0;
        const network = { index: 1, helperPid };
        expect(await internet.connect(network)).toBe(true);
        expect(listRules()).toContain(state.id);
        await pod.launch(workspace.shell("read x"));
        const results = await reach(pod, [`${remoteAddress}|7001`, `${hostAddress}|${anyPort}`]);
        expect(results).toEqual(["remote", "timeout"]);
        await internet.close();
        expect(listRules()).not.toContain(state.id);
        expect(readdirSync("/sys/class/net").join()).not.toContain(state.id);
        await pod.close();
      }
      expect(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe(before);
    });

    it("takes the link of a pod that is closed", async () => {
      const pod = await sandbox.createPod({ name: "net" });
      if (pod instanceof ProcessPod) await pod.setInternet(true);
      const id = readdirSync(workspace.stateDir).join().replace("sandbox-", "");
      const links = () => readdirSync("/sys/class/net").filter((name) => name.includes(id));
      expect(links()).toHaveLength(1);
      await pod.close();
      expect(await eventually(() => links().length === 0)).toBe(true);
    });
  },
);

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listRules(): string {
  const commands = [["nft", "list", "ruleset"], ["iptables-save"], ["ip6tables-save"]];
  return commands
    .map(([program = "", ...args]) => spawnSync(program, args, { encoding: "utf8" }).stdout)
    .join("\n");
}
