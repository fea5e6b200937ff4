import { readdirSync } from "node:fs";

import { runTool } from "../run-tool.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { StateDirectory } from "../state-directory.ts";
import type { Firewall, FirewallScope } from "./firewall.ts";
import { enableForwarding, restoreForwarding } from "./forwarding.ts";
import { findFreeSubnet, linkAddresses, type Subnet } from "./free-subnet.ts";
import type { Internet, PodNetwork } from "./internet.ts";

/** As root: a virtual link for each pod, and address translation by the host. */
export class NatInternet implements Internet {
  readonly kind = "nat";
  readonly #state: StateDirectory;
  readonly #makeFirewall: (scope: FirewallScope) => Firewall;
  #subnet: Subnet | undefined;
  #firewall: Promise<Firewall> | undefined;

  constructor(state: StateDirectory, makeFirewall: (scope: FirewallScope) => Firewall) {
    this.#state = state;
    this.#makeFirewall = makeFirewall;
  }

  async connect(pod: PodNetwork): Promise<boolean> {
    this.#subnet ??= findFreeSubnet(Number.parseInt(this.#state.id, 16));
    const subnet = this.#subnet;
    this.#firewall ??= this.#install(subnet);
    await this.#firewall;
    const name = linkName(this.#state.id, pod.index);
    if (readdirSync("/sys/class/net").includes(name)) return true;
    const { gateway, pod: address } = linkAddresses(subnet, pod.index);
    // No rule, no link: the address that the pod could reach the host by comes up last.
    await configure(
      "ip",
      ["-batch", "-"],
      [
        `link add ${name} type veth peer name eth0 netns ${pod.helperPid}`,
        `link set ${name} addrgenmode none`,
        `addr add ${gateway}/30 dev ${name}`,
        `link set ${name} up`,
      ],
    );
    await configure(
      "nsenter",
      [`--target=${pod.helperPid}`, "--net", "ip", "-batch", "-"],
      [
        "link set eth0 addrgenmode none",
        `addr add ${address}/30 dev eth0`,
        "link set eth0 up",
        `route add default via ${gateway}`,
      ],
    );
    return true;
  }

  async disconnect(pod: PodNetwork): Promise<void> {
    const name = linkName(this.#state.id, pod.index);
    if (readdirSync("/sys/class/net").includes(name)) await runTool("ip", ["link", "del", name]);
  }

  async close(): Promise<void> {
    const firewall = await this.#firewall?.catch(() => undefined);
    await removeLinks(this.#state.id);
    await firewall?.remove();
    restoreForwarding(this.#state.path);
  }

  async #install(subnet: Subnet): Promise<Firewall> {
    const firewall = this.#makeFirewall({
      id: this.#state.id,
      linkPrefix: linkName(this.#state.id, ""),
      cidr: subnet.cidr,
      isForwardingOurs: enableForwarding(this.#state.path),
    });
    await firewall.install();
    return firewall;
  }
}

/** Removes the links of an engine. */
export async function removeLinks(id: string): Promise<void> {
  const names = readdirSync("/sys/class/net").filter((name) => name.startsWith(linkName(id, "")));
  for (const name of names) await runTool("ip", ["link", "del", name]);
}

/** Names of links have at most 15 characters. */
function linkName(id: string, index: number | ""): string {
  return `bt${id}${index}`;
}

async function configure(
  command: string,
  args: readonly string[],
  lines: readonly string[],
): Promise<void> {
  const input = lines.map((line) => `${line}\n`).join("");
  const { exitCode, output } = await runTool(command, args, { input });
  if (exitCode !== 0)
    throw new SandboxError("POD_START_FAILED", `Cannot set up the internet: ${output.trim()}`);
}
