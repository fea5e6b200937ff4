import { runTool } from "../run-tool.ts";
import { SandboxError } from "../sandbox-error.ts";
import { anyLinkPrefix, type Firewall, type FirewallScope } from "./firewall.ts";

interface Rule {
  readonly program: "iptables" | "ip6tables";
  readonly table: "raw" | "filter" | "nat";
  readonly chain: string;
  readonly match: string;
}

/** A firewall of iptables, where nftables' own command is not installed. */
export function iptablesFirewall(scope: FirewallScope): Firewall {
  const rules = iptablesRules(scope);
  return {
    async install() {
      // Each goes to the head of its chain, so the last of a chain is written first.
      for (const rule of rules.toReversed()) {
        const { exitCode, output } = await runRule("-I", rule);
        if (exitCode !== 0)
          throw new SandboxError(
            "POD_START_FAILED",
            `Cannot set up the internet: ${rule.program} ${rule.match}: ${output.trim()}`,
          );
      }
    },
    async remove() {
      for (const rule of rules) await runRule("-D", rule);
    },
  };
}

/** The rules in the order in which they are to be looked at. */
export function iptablesRules(scope: FirewallScope): readonly Rule[] {
  const { linkPrefix, cidr, isForwardingOurs, id } = scope;
  const mark = `-m comment --comment berth-${id}`;
  const ipv4 = (table: Rule["table"], chain: string, match: string): Rule => ({
    program: "iptables",
    table,
    chain,
    match: `${match} ${mark}`,
  });
  const early = (match: string): Rule =>
    ipv4("raw", "PREROUTING", `-i ${linkPrefix}+ ${match} -j DROP`);
  return [
    { ...early(""), program: "ip6tables" },
    early(`! -s ${cidr}`),
    early("-d 169.254.0.0/16"),
    early("-d 127.0.0.0/8"),
    early("-m addrtype --dst-type LOCAL"),
    ipv4("filter", "INPUT", `-i ${linkPrefix}+ -j DROP`),
    ipv4("filter", "FORWARD", `-i ${linkPrefix}+ -o ${anyLinkPrefix}+ -j DROP`),
    ipv4("filter", "FORWARD", `-i ${linkPrefix}+ -j ACCEPT`),
    ipv4(
      "filter",
      "FORWARD",
      `-o ${linkPrefix}+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ),
    ipv4("filter", "FORWARD", `-o ${linkPrefix}+ -j DROP`),
    ...(isForwardingOurs ? [ipv4("filter", "FORWARD", `! -i ${anyLinkPrefix}+ -j DROP`)] : []),
    ipv4("nat", "POSTROUTING", `-s ${cidr} ! -o ${anyLinkPrefix}+ -j MASQUERADE`),
  ];
}

/** Removes every rule that an engine of some id left. */
export async function removeIptablesRules(id: string): Promise<void> {
  for (const program of ["iptables", "ip6tables"]) {
    for (const table of ["raw", "filter", "nat"]) {
      const { exitCode, output } = await runTool(program, ["-w", "-t", table, "-S"]);
      if (exitCode !== 0) continue;
      const lines = output.split("\n").filter((line) => line.includes(`berth-${id}`));
      for (const line of lines) {
        const [, ...words] = line.replaceAll('"', "").split(" ");
        await runTool(program, ["-w", "-t", table, "-D", ...words]);
      }
    }
  }
}

function runRule(action: "-I" | "-D", { program, table, chain, match }: Rule) {
  const words = match.split(" ").filter(Boolean);
  return runTool(program, ["-w", "-t", table, action, chain, ...words]);
}
