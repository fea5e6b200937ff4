import { decideEgress, type EgressDecision } from "../../core/egress/decide-egress.ts";
import { destinationOf } from "../../core/egress/destination.ts";
import { readOutboundClass, type OutboundClass, type OutboundStatics } from "./outbound-class.ts";
import type { OutboundHandler, OutboundOverride } from "./outbound-types.ts";
import { tellEgress } from "./tell-egress.ts";
import type { ProxyProps } from "./proxy-props.ts";
import { readRules } from "./read-rules.ts";

/** The status of what is refused, as the peer has it. */
const REFUSED_STATUS = 520;

/** Whose request it is. */
export interface Sender {
  readonly statics: OutboundStatics;
  readonly props: ProxyProps;
  readonly env: Cloudflare.Env;
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
    const decision = decideEgress(readRules(sender.props, handlers), destination);
    if (decision.kind === "refuse") {
      tell({ outcome: "refused", reason: decision.reason });
      return new Response("Origin is disallowed", {
        status: REFUSED_STATUS,
        headers: { "x-berth-error": "EGRESS_DENIED" },
      });
    }
    const answer = await take({ request, decision, handlers, sender });
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

interface Taking {
  readonly request: Request;
  readonly decision: Exclude<EgressDecision, { kind: "refuse" }>;
  readonly handlers: OutboundClass;
  readonly sender: Sender;
}

async function take({ request, decision, handlers, sender }: Taking): Promise<Response> {
  const { props, env } = sender;
  const { containerId, className, overridesByHost, override } = props;
  const call = async (
    handler: OutboundHandler | undefined,
    params?: unknown,
  ): Promise<Response> => {
    if (handler === undefined) throw new TypeError("Cannot handle the request: no such handler");
    return await handler(request, env, { containerId, className, params });
  };
  const callNamed = async (named: OutboundOverride | undefined): Promise<Response> =>
    await call(handlers.named.get(named?.method ?? ""), named?.params);
  switch (decision.kind) {
    case "host-override":
      return await callNamed(overridesByHost[decision.pattern]);
    case "host-handler":
      return await call(handlers.byHost.get(decision.pattern));
    case "override":
      return await callNamed(override);
    case "handler":
      return await call(handlers.outbound);
    case "internet":
      return await fetch(request);
  }
}
