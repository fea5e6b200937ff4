import { decideEgress, type EgressDecision } from "../../core/egress/decide-egress.ts";
import { destinationOf, type Destination } from "../../core/egress/destination.ts";
import { parseHosts, parsePolicy } from "../../core/egress/egress-rules.ts";
import { parseHostPattern } from "../../core/egress/host-pattern.ts";
import { readOutboundClass, type OutboundClass, type OutboundStatics } from "./outbound-class.ts";
import type { OutboundHandler } from "./outbound-types.ts";
import { tellEgress } from "./tell-egress.ts";
import type { ProxyProps } from "./proxy-props.ts";

/** The status of what is refused, as the peer has it. */
const REFUSED_STATUS = 520;

/** Whose request it is. */
export interface Sender {
  readonly statics: OutboundStatics;
  readonly props: ProxyProps;
  readonly env: unknown;
}

/**
 * Answers a request of a container by its rules. What cannot be decided is refused; what a handler
 * throws is told to `onEgress`, never to the container.
 */
export async function answerOutbound(request: Request, sender: Sender): Promise<Response> {
  const destination = destinationOf(new URL(request.url));
  const tell = (outcome: Parameters<typeof tellEgress>[1]): void =>
    tellEgress({ ...sender, destination, method: request.method }, outcome);
  try {
    const handlers = readOutboundClass(sender.statics);
    const decision = decide(handlers, sender.props, destination);
    if (decision.kind === "refuse") {
      tell({ outcome: "refused", reason: decision.reason });
      return new Response("Origin is disallowed", {
        status: REFUSED_STATUS,
        headers: { "x-berth-error": "EGRESS_DENIED" },
      });
    }
    const answer = await take(request, decision, handlers, sender);
    tell({ outcome: decision.kind === "internet" ? "internet" : "handled" });
    return answer;
  } catch (error) {
    tell({ outcome: "failed", error });
    return new Response("The request could not be sent on", {
      status: 502,
      headers: { "x-berth-error": "EGRESS_FAILED" },
    });
  }
}

function decide(
  handlers: OutboundClass,
  props: ProxyProps,
  destination: Destination,
): EgressDecision {
  const { allowedHosts, deniedHosts, egress, overridesByHost } = props;
  const rules = {
    denied: parseHosts(deniedHosts ?? [], "deniedHosts"),
    allowed: allowedHosts === undefined ? undefined : parseHosts(allowedHosts, "allowedHosts"),
    policy: egress === undefined ? undefined : parsePolicy(egress),
    overrides: Object.keys(overridesByHost).map((host) => parseHostPattern(host, "outbound host")),
    handled: handlers.hosts,
    hasOverride: props.override !== undefined,
    hasHandler: handlers.outbound !== undefined,
    isInternetEnabled: props.isInternetEnabled,
  };
  return decideEgress(rules, destination);
}

async function take(
  request: Request,
  decision: Exclude<EgressDecision, { kind: "refuse" }>,
  handlers: OutboundClass,
  { props, env }: Sender,
): Promise<Response> {
  const { containerId, className } = props;
  const call = async (
    handler: OutboundHandler | undefined,
    params?: unknown,
  ): Promise<Response> => {
    if (handler === undefined) throw new TypeError("Cannot handle the request: no such handler");
    return await handler(request, env as never, { containerId, className, params });
  };
  switch (decision.kind) {
    case "host-override": {
      const { method, params } = props.overridesByHost[decision.pattern] ?? { method: "" };
      return await call(handlers.named.get(method), params);
    }
    case "host-handler":
      return await call(handlers.byHost.get(decision.pattern));
    case "override":
      return await call(handlers.named.get(props.override?.method ?? ""), props.override?.params);
    case "handler":
      return await call(handlers.outbound);
    case "internet":
      return await fetch(request);
  }
}
