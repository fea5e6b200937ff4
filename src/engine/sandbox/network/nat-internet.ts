import { readdirSync } from "node:fs";

import { runTool } from "../run-tool.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { StateDirectory } from "../state-directory.ts";
import { anyLinkPrefix, type Firewall, type FirewallScope } from "./firewall.ts";
import { enableForwarding, restoreForwarding } from "./forwarding.ts";
import { findFreeSubnet, linkAddresses, type Subnet } from "./free-subnet.ts";
import type { Internet, PodNetwork } from "./internet.ts";

/** As root: a virtual link for each pod, and address translation by the host. */
export class NatInternet implements Internet {
  readonly kind = "nat";
  readonly #state: StateDirectory;
  readonly #makeFirewall: (scope: FirewallScope) => Firewall;
  /** Which link each pod has. */
  readonly #slots = new Map<number, number>();
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
    if (this.#slots.has(pod.index)) return true;
    const slot = this.#takeSlot(pod);
    const name = linkName(this.#state.id, slot);
    const { gateway, pod: address } = linkAddresses(subnet, slot);
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
    const slot = this.#slots.get(pod.index);
    if (slot === undefined) return;
    await runTool("ip", ["link", "del", linkName(this.#state.id, slot)]);
    this.#slots.delete(pod.index);
  }

  async close(): Promise<void> {
    const firewall = await this.#firewall?.catch(() => undefined);
    await removeLinks(this.#state.id);
    await firewall?.remove();
    restoreForwarding(this.#state.path);
  }

  #takeSlot(pod: PodNetwork): number {
    const used = new Set(this.#slots.values());
    let slot = 0;
    while (used.has(slot)) slot += 1;
    this.#slots.set(pod.index, slot);
    return slot;
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
function linkName(id: string, slot: number | ""): string {
  return `${anyLinkPrefix}${id}${slot === "" ? "" : slot.toString(36)}`;
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
