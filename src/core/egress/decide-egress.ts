import type { Destination } from "./destination.ts";
import type { ParsedPolicy } from "./egress-rules.ts";
import { isOneHost, matchesPattern, type HostPattern } from "./host-pattern.ts";

/** All that decides where the requests of one container may go, parsed. */
export interface EgressRules {
  /** Refused, whatever else is said. */
  readonly denied: readonly HostPattern[];
  /** When given, nothing else gets out. */
  readonly allowed: readonly HostPattern[] | undefined;
  readonly policy: ParsedPolicy | undefined;
  /** Hosts that have a handler set at runtime, and then those of the class. */
  readonly overrides: readonly HostPattern[];
  readonly handled: readonly HostPattern[];
  /** The handlers for what has none by host: one set at runtime, and the class's. */
  readonly hasOverride: boolean;
  readonly hasHandler: boolean;
  /** Whether what no handler takes may go to the internet by itself. */
  readonly isInternetEnabled: boolean;
}

/** Why a request was refused. */
export type EgressRefusal = "denied-host" | "not-allowed" | "policy" | "no-internet";

/** What becomes of a request of a container. */
export type EgressDecision =
  | { readonly kind: "refuse"; readonly reason: EgressRefusal }
  | { readonly kind: "host-override"; readonly pattern: string }
  | { readonly kind: "host-handler"; readonly pattern: string }
  | { readonly kind: "override" }
  | { readonly kind: "handler" }
  | { readonly kind: "internet" };

/**
 * Decides what becomes of a request: what is denied is refused first, then what is not allowed, then
 * what the policy refuses. A handler takes it, the most special one; without one it goes to the
 * internet where it was allowed by name or where the container may reach that.
 */
export function decideEgress(rules: EgressRules, destination: Destination): EgressDecision {
  const verdict = judge(rules.policy, destination);
  const reason = refusal(rules, destination) ?? (verdict === "deny" ? "policy" : undefined);
  if (reason !== undefined) return { kind: "refuse", reason };
  const handler = handlerOf(rules, destination);
  if (handler !== undefined) return handler;
  const isAllowed = rules.allowed !== undefined || verdict === "allow";
  if (isAllowed || rules.isInternetEnabled) return { kind: "internet" };
  return { kind: "refuse", reason: "no-internet" };
}

function refusal(
  { denied, allowed }: EgressRules,
  destination: Destination,
): EgressRefusal | undefined {
  const speaksOf = (pattern: HostPattern): boolean => matchesPattern(pattern, destination);
  if (denied.some(speaksOf)) return "denied-host";
  return allowed?.some(speaksOf) === false ? "not-allowed" : undefined;
}

/** Who takes a request; what was set at runtime comes before the class, a host before all. */
function handlerOf(rules: EgressRules, destination: Destination): EgressDecision | undefined {
  const override = mostSpecial(rules.overrides, destination);
  if (override !== undefined) return { kind: "host-override", pattern: override.text };
  const handled = mostSpecial(rules.handled, destination);
  if (handled !== undefined) return { kind: "host-handler", pattern: handled.text };
  if (rules.hasOverride) return { kind: "override" };
  return rules.hasHandler ? { kind: "handler" } : undefined;
}

/** What a policy says of a destination; undefined when only its `default: "allow"` does. */
function judge(
  policy: ParsedPolicy | undefined,
  destination: Destination,
): "allow" | "deny" | undefined {
  const rule = policy?.rules.find(({ pattern }) => matchesPattern(pattern, destination));
  if (rule !== undefined) return rule.action;
  return policy?.default === "deny" ? "deny" : undefined;
}

/** One host before many, a port before all, and then the first. */
function mostSpecial(
  patterns: readonly HostPattern[],
  destination: Destination,
): HostPattern | undefined {
  const matching = patterns.filter((pattern) => matchesPattern(pattern, destination));
  return matching.toSorted((one, other) => rank(other) - rank(one))[0];
}

function rank(pattern: HostPattern): number {
  return (isOneHost(pattern) ? 2 : 0) + (pattern.port === undefined ? 0 : 1);
}
