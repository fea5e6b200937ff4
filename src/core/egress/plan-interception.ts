import { isOneHost, type HostPattern } from "./host-pattern.ts";

/** What of a container's traffic goes through our hands. */
export interface InterceptionPlan {
  /** Hosts whose HTTP is intercepted; `"all"` for every one. */
  readonly http: "all" | readonly string[];
  /** Hosts whose HTTPS is. */
  readonly https: "all" | readonly string[];
}

/** What a plan is made of. */
export interface InterceptionNeeds {
  /** The hosts that the class has handlers for. */
  readonly handled: readonly HostPattern[];
  /** Whether something must see every request: a list, a policy, a handler for all, an override. */
  readonly seesAll: boolean;
  /** Whether HTTPS is intercepted as HTTP is. */
  readonly isHttpsSeen: boolean;
}

/**
 * Plans what to intercept: what is not looked at had better go its own way. Patterns of many hosts
 * are ours to match, so with one of them all is looked at.
 */
export function planInterception(needs: InterceptionNeeds): InterceptionPlan {
  const { handled, isHttpsSeen } = needs;
  const isAll = needs.seesAll || !handled.every(isOneHost);
  const http = isAll ? "all" : handled.map(({ text }) => text);
  return { http, https: isHttpsSeen ? http : [] };
}
