import { runTool } from "../run-tool.ts";
import { SandboxError } from "../sandbox-error.ts";
import { anyLinkPrefix, type Firewall, type FirewallScope } from "./firewall.ts";

/** A firewall of nftables: one table of its own, which goes as a whole. */
export function nftFirewall(scope: FirewallScope): Firewall {
  return {
    async install() {
      const { exitCode, output } = await runTool("nft", ["-f", "-"], { input: nftRules(scope) });
      if (exitCode !== 0)
        throw new SandboxError("POD_START_FAILED", `Cannot set up the internet: ${output.trim()}`);
    },
    remove: () => removeNftTable(scope.id),
  };
}

/** Removes the table of an engine; does nothing when there is none. */
export async function removeNftTable(id: string): Promise<void> {
  await runTool("nft", ["delete", "table", "inet", `berth_${id}`]);
}

/**
 * Writes the rules. A packet of a pod is dropped before any other rule of the host sees it when it
 * is for the host itself: `fib daddr type local` is every address that the host has, at any time,
 * and comes before a redirection (such as Docker's published ports) could hide it.
 */
export function nftRules({ id, linkPrefix, cidr, isForwardingOurs }: FirewallScope): string {
  const fromPod = `iifname "${linkPrefix}*"`;
  const toPod = `oifname "${linkPrefix}*"`;
  const anyPod = `"${anyLinkPrefix}*"`;
  return `table inet berth_${id} {
  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    ${fromPod} meta nfproto ipv6 drop
    ${fromPod} ip saddr != ${cidr} drop
    ${fromPod} ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16 } drop
    ${fromPod} fib daddr type { local, broadcast, anycast, multicast } drop
  }
  chain input {
    type filter hook input priority -10; policy accept;
    ${fromPod} drop
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    ${fromPod} oifname ${anyPod} drop
    ${fromPod} tcp flags syn tcp option maxseg size set rt mtu
    ${toPod} tcp flags syn tcp option maxseg size set rt mtu
    ${toPod} ct state established,related accept
    ${toPod} drop
    ${isForwardingOurs ? `iifname != ${anyPod} oifname != ${anyPod} drop` : ""}
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${cidr} oifname != ${anyPod} masquerade
  }
}
`;
}
