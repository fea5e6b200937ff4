import type { EgressRules } from "../../core/egress/decide-egress.ts";
import { parseHosts, parsePolicy } from "../../core/egress/egress-rules.ts";
import { parseHostPattern } from "../../core/egress/host-pattern.ts";
import type { OutboundClass } from "./outbound-class.ts";
import type { ProxyProps } from "./proxy-props.ts";

/**
 * Parses what decides where one container's requests may go.
 *
 * @throws {ContainerError} `INVALID_CONFIG` when something of it makes no sense
 */
export function readRules(props: ProxyProps, handlers: OutboundClass): EgressRules {
  const { allowedHosts, deniedHosts, egress, overridesByHost, override } = props;
  return {
    denied: parseHosts(deniedHosts ?? [], "deniedHosts"),
    allowed: allowedHosts === undefined ? undefined : parseHosts(allowedHosts, "allowedHosts"),
    policy: egress === undefined ? undefined : parsePolicy(egress),
    overrides: Object.keys(overridesByHost).map((host) => parseHostPattern(host, "outbound host")),
    handled: handlers.hosts,
    hasOverride: override !== undefined,
    hasHandler: handlers.outbound !== undefined,
    isInternetEnabled: props.isInternetEnabled,
  };
}
