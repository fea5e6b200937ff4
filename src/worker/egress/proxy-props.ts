import type { EgressPolicy } from "../../core/egress/egress-rules.ts";
import type { OutboundOverride } from "./outbound-types.ts";

/** What may be set at runtime, as it is kept and as the proxy is given it. */
export interface OutboundConfig {
  readonly overridesByHost: Readonly<Record<string, OutboundOverride>>;
  readonly override: OutboundOverride | undefined;
  readonly allowedHosts: readonly string[] | undefined;
  readonly deniedHosts: readonly string[] | undefined;
}

/** What the proxy of one container is given: all that decides, but for the class's handlers. */
export interface ProxyProps extends OutboundConfig {
  /** Id of the Durable Object, in hex. */
  readonly containerId: string;
  readonly className: string;
  /** Name under which the Worker exports the class; undefined where that cannot be told. */
  readonly exportName: string | undefined;
  readonly egress: EgressPolicy | undefined;
  readonly isInternetEnabled: boolean;
}
