import type { EgressPolicy } from "../core/egress/egress-rules.ts";
import { parseHosts } from "../core/egress/egress-rules.ts";
import { normalHost } from "../core/egress/destination.ts";
import { parseHostPattern } from "../core/egress/host-pattern.ts";
import { ContainerUpkeep } from "./container-upkeep.ts";
import { checkNamed } from "./egress/outbound-class.ts";
import type {
  EgressEvent,
  AnyOutboundHandler,
  OutboundOverride,
  OutboundParamsArgument,
} from "./egress/outbound-types.ts";
import { machineryOf } from "./machinery.ts";

/** Where the requests of a container may go, and who takes them. */
export abstract class ContainerEgress<
  Env = Cloudflare.Env,
  Props = unknown,
> extends ContainerUpkeep<Env, Props> {
  /** Takes every request that no other handler takes. Subclasses inherit it. */
  declare static outbound?: AnyOutboundHandler;
  /** Takes the requests to a host, by name, glob, address or CIDR network, `:port` for one port. */
  declare static outboundByHost?: Record<string, AnyOutboundHandler>;
  /** Handlers that the setters below name. */
  declare static outboundHandlers?: Record<string, AnyOutboundHandler>;
  /** The same as `outbound`, for compatibility with @cloudflare/containers. */
  declare static outboundProxy?: AnyOutboundHandler;
  /** The same as `outboundHandlers`, for compatibility with @cloudflare/containers. */
  declare static outboundProxies?: Record<string, AnyOutboundHandler>;
  /**
   * Told what became of the container's requests, ten times a second of each host and outcome. Runs
   * outside of the object, with the Worker's `env`.
   */
  declare static onEgress?: (event: EgressEvent, env: Cloudflare.Env) => unknown;

  /**
   * Which hosts the container may reach, over HTTP and HTTPS alike. `default: "deny"` implies
   * `enableInternet: false`, since other protocols pass an HTTP interceptor.
   */
  egress?: EgressPolicy;
  /**
   * The only hosts that the container may reach; `[]` for none. Implies `enableInternet: false`:
   * what is allowed goes through the Worker.
   */
  allowedHosts?: string[];
  /** Hosts that the container may not reach, whatever else is said. */
  deniedHosts?: string[];
  /**
   * Whether HTTPS is intercepted as HTTP is. The container has to trust the platform's certificate
   * authority then (`/etc/cloudflare/certs/cloudflare-containers-ca.crt`). Default: whether
   * `egress`, `allowedHosts` or `deniedHosts` is set.
   */
  interceptHttps?: boolean;

  /**
   * Has a named handler take every request that no handler by host takes, in place of `outbound`.
   *
   * @param name of a handler in `static outboundHandlers`
   * @throws {ContainerError} `INVALID_ARGUMENT` when there is none; `EGRESS_FAILED`
   */
  async setOutboundHandler<Params = unknown>(
    name: string,
    ...[params]: OutboundParamsArgument<Params>
  ): Promise<void> {
    await machineryOf(this).outbound.change({ override: this.#overrideOf(name, params) });
  }

  /**
   * Has a named handler take the requests to a host, before `outboundByHost`.
   *
   * @param host as a key of `outboundByHost`
   * @param name of a handler in `static outboundHandlers`
   * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_CONFIG`; `EGRESS_FAILED`
   */
  async setOutboundByHost<Params = unknown>(
    host: string,
    name: string,
    ...[params]: OutboundParamsArgument<Params>
  ): Promise<void> {
    parseHostPattern(host, "the host");
    const { store } = machineryOf(this).outbound;
    const override = this.#overrideOf(name, params);
    await this.#setByHost({ ...store.current.overridesByHost, [host]: override });
  }

  /** Takes back what `setOutboundByHost()` set for a host. */
  async removeOutboundByHost(host: string): Promise<void> {
    const { overridesByHost } = machineryOf(this).outbound.store.current;
    const others = Object.entries(overridesByHost).filter(
      ([one]) => normalHost(one) !== normalHost(host),
    );
    await this.#setByHost(Object.fromEntries(others));
  }

  /**
   * Replaces everything that `setOutboundByHost()` has set.
   *
   * @param handlers names of handlers by host, with params where they take any
   */
  async setOutboundByHosts<Params = unknown>(
    handlers: Record<string, string | OutboundOverride<Params>>,
  ): Promise<void> {
    const entries = Object.entries(handlers).map(([host, handler]) => {
      parseHostPattern(host, "the host");
      const { method, params } =
        typeof handler === "string" ? { method: handler, params: undefined } : handler;
      return [host, this.#overrideOf(method, params)] as const;
    });
    await this.#setByHost(Object.fromEntries(entries));
  }

  /** Replaces `allowedHosts`, in a container that runs, too. Outlives it. */
  async setAllowedHosts(hosts: string[]): Promise<void> {
    parseHosts(hosts, "allowedHosts");
    await machineryOf(this).outbound.change({ allowedHosts: hosts });
  }

  /** Replaces `deniedHosts`, in a container that runs, too. Outlives it. */
  async setDeniedHosts(hosts: string[]): Promise<void> {
    parseHosts(hosts, "deniedHosts");
    await machineryOf(this).outbound.change({ deniedHosts: hosts });
  }

  /** Adds a host to `allowedHosts`. Without such a list, from now on nothing else gets out. */
  async allowHost(host: string): Promise<void> {
    await this.setAllowedHosts(withHost(machineryOf(this).outbound.lists.allowedHosts, host));
  }

  /** Adds a host to `deniedHosts`. */
  async denyHost(host: string): Promise<void> {
    await this.setDeniedHosts(withHost(machineryOf(this).outbound.lists.deniedHosts, host));
  }

  /** Takes a host from `allowedHosts`. A list that is empty then allows none. */
  async removeAllowedHost(host: string): Promise<void> {
    await this.setAllowedHosts(withoutHost(machineryOf(this).outbound.lists.allowedHosts, host));
  }

  /** Takes a host from `deniedHosts`. */
  async removeDeniedHost(host: string): Promise<void> {
    await this.setDeniedHosts(withoutHost(machineryOf(this).outbound.lists.deniedHosts, host));
  }

  /** Answers a request of this object's container. Called by `ContainerProxy`. */
  async handleOutbound(request: Request): Promise<Response> {
    return await machineryOf(this).outbound.answer(request);
  }

  async #setByHost(overridesByHost: Record<string, OutboundOverride>): Promise<void> {
    await machineryOf(this).outbound.change({ overridesByHost });
  }

  #overrideOf(name: string, params: unknown): OutboundOverride {
    checkNamed(machineryOf(this).outbound.statics, name);
    return params === undefined ? { method: name } : { method: name, params };
  }
}

function withHost(hosts: readonly string[] = [], host: string): string[] {
  return [...withoutHost(hosts, host), host];
}

function withoutHost(hosts: readonly string[] = [], host: string): string[] {
  return hosts.filter((one) => normalHost(one) !== normalHost(host));
}
