import type { Destination } from "../../core/egress/destination.ts";
import { ToldEvents } from "../../core/egress/told-events.ts";
import { systemClock } from "../system-clock.ts";
import type { OutboundStatics } from "./outbound-class.ts";
import type { EgressEvent } from "./outbound-types.ts";
import type { ProxyProps } from "./proxy-props.ts";

const told = new ToldEvents();

/** A request of a container, as far as events tell of it. */
export interface EgressRequest {
  readonly statics: OutboundStatics;
  readonly props: ProxyProps;
  readonly env: Cloudflare.Env;
  readonly destination: Destination;
  readonly method: string;
}

/**
 * Tells `static onEgress` of a class what became of a request, ten times a second of each host and
 * outcome; a class without the hook has failures logged. What the hook throws is logged.
 */
export function tellEgress(
  request: EgressRequest,
  outcome: Pick<EgressEvent, "outcome" | "reason" | "error">,
): void {
  const { statics, props, destination, method, env } = request;
  const { containerId, className } = props;
  const { scheme, host, port } = destination;
  if (statics.onEgress === undefined && outcome.outcome !== "failed") return;
  const kind = [containerId, outcome.outcome, scheme, host, port].join(" ");
  const suppressed = told.take(kind, systemClock.now());
  if (suppressed === undefined) return;
  const from = { containerId, className, method, scheme, host, port };
  if (statics.onEgress === undefined) {
    console.error(`Cannot answer the request of a container to ${host}:${port}:`, outcome.error);
    return;
  }
  const work = new Promise((resolve) => {
    resolve(statics.onEgress?.({ ...from, ...outcome, suppressed }, env));
  });
  work.catch((error: unknown) => console.error("onEgress failed:", error));
}
