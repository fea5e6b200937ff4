import type { AddressFamily } from "../../pod/pod-message.ts";
import { findTool } from "../host-tools.ts";
import { enterNamespaces } from "../namespace-entry.ts";
import { runTool } from "../run-tool.ts";
import type { SandboxFacts } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";

/** Where a pod's intercepted connections go: a port of its loopback for each kind of address. */
export type InterceptionPorts = ReadonlyMap<AddressFamily, number>;

/** Sends what a pod's app connects to on ports 80 and 443 to listeners of the pod. */
export interface Interception {
  /**
   * @throws {SandboxError} `POD_START_FAILED` when the host has no tool for it, or forbids it
   */
  install(helperPid: number, ports: InterceptionPorts): Promise<void>;
}

interface Step {
  readonly command: string;
  readonly input: string;
}

const ports = [80, 443];
const table = 100;
// By number: a host without /etc/protocols knows no names.
const protocols = { tcp: 6, udp: 17 } as const;
const loopback = {
  ipv4: { address: "127.0.0.1", listener: "127.0.0.3" },
  ipv6: { address: "::1", listener: "[::1]" },
};

/** Picks the way into a pod. */
export function findInterception(
  privilege: SandboxFacts["privilege"],
  hasTool = isFound,
): Interception {
  return {
    async install(helperPid, listeners) {
      const [program = "", ...args] = [
        ...enterNamespaces(helperPid, privilege, ["net"]),
        ...interceptionCommand(listeners, hasTool),
      ];
      const { exitCode, output } = await runTool(program, args);
      if (exitCode !== 0) throw failure(output.trim());
    },
  };
}

/**
 * The command that intercepts in the network namespace in which it is run, by the tool that the host
 * has.
 *
 * @throws {SandboxError} `POD_START_FAILED` when it has none
 */
export function interceptionCommand(
  listeners: InterceptionPorts,
  hasTool = isFound,
): readonly string[] {
  const write = hasTool("nft") ? nftSteps : hasTool("iptables-restore") ? iptablesSteps : undefined;
  if (write === undefined)
    throw failure("neither nft nor iptables; run: apt-get install -y nftables");
  const steps = [...routeSteps(listeners), ...write(listeners)];
  const script = steps.map(({ command }, index) => `printf %s "$${index + 1}" | ${command}`);
  return ["sh", "-c", script.join(" && "), "sh", ...steps.map(({ input }) => input)];
}

function isFound(tool: string): boolean {
  return findTool(tool) !== undefined;
}

function failure(reason: string): SandboxError {
  return new SandboxError(
    "POD_START_FAILED",
    `Cannot intercept what containers send: ${reason}; without it they would not be held back`,
  );
}

/**
 * Without the internet there is no route, so a connection would fail before any rule sees it. These
 * come after the pod's own addresses, which stay the app's own.
 */
function routeSteps(listeners: InterceptionPorts): readonly Step[] {
  return [...listeners.keys()].map((family) => {
    const rules = [
      ...ports.map(
        (port) => `rule add pref ${table} ipproto ${protocols.tcp} dport ${port} lookup ${table}`,
      ),
      ...(family === "ipv4"
        ? [`rule add pref ${table} ipproto ${protocols.udp} dport 53 lookup ${table}`]
        : []),
      `route add local default dev lo src ${loopback[family].address} table ${table}`,
    ];
    const command = `ip -${family === "ipv4" ? 4 : 6} -batch -`;
    return { command, input: rules.map((rule) => `${rule}\n`).join("") };
  });
}

/** A socket that was open before, and bound to a device, would go past routes and translation. */
function nftSteps(listeners: InterceptionPorts): readonly Step[] {
  const both = `tcp dport { ${ports.join(", ")} }`;
  const redirections = [...listeners].map(([family, port]) => {
    const kind = family === "ipv4" ? "ip" : "ip6";
    return `meta nfproto ${family} ${both} dnat ${kind} to ${loopback[family].listener}:${port}`;
  });
  const input = `table inet berth {
  chain interception {
    type nat hook output priority -100; policy accept;
    fib daddr type local return
    ${redirections.join("\n    ")}
    meta nfproto ipv4 udp dport 53 dnat ip to 127.0.0.1:53
  }
  chain guard {
    type filter hook output priority 0; policy accept;
    oifname != "lo" ${both} reject with tcp reset
  }
}
`;
  return [{ command: "nft -f -", input }];
}

function iptablesSteps(listeners: InterceptionPorts): readonly Step[] {
  const both = `-p tcp -m multiport --dports ${ports.join(",")}`;
  return [...listeners].map(([family, port]) => {
    const { listener } = loopback[family];
    const names =
      family === "ipv4"
        ? ["-A OUTPUT -p udp --dport 53 -j DNAT --to-destination 127.0.0.1:53"]
        : [];
    const lines = [
      "*nat",
      "-A OUTPUT -m addrtype --dst-type LOCAL -j RETURN",
      `-A OUTPUT ${both} -j DNAT --to-destination ${listener}:${port}`,
      ...names,
      "COMMIT",
      "*filter",
      `-A OUTPUT ! -o lo ${both} -j REJECT --reject-with tcp-reset`,
      "COMMIT",
    ];
    const command = `${family === "ipv4" ? "iptables" : "ip6tables"}-restore -w --noflush`;
    return { command, input: lines.map((line) => `${line}\n`).join("") };
  });
}
