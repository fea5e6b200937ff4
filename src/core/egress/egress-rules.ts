import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parseHostPattern, type HostPattern } from "./host-pattern.ts";

/** One rule of an {@link EgressPolicy}: what may or may not be reached. */
export type EgressRule =
  | { readonly allow: string | readonly string[]; readonly deny?: never }
  | { readonly deny: string | readonly string[]; readonly allow?: never };

/**
 * Which hosts a container may reach, over HTTP and HTTPS alike. The first rule that speaks of a
 * destination decides; where none does, `default`.
 *
 * @example
 * ```ts
 * egress = { default: "deny", rules: [{ deny: "internal.example.com" }, { allow: "*.example.com" }] };
 * ```
 */
export interface EgressPolicy {
  /** What happens to what no rule speaks of. */
  readonly default: "allow" | "deny";
  /**
   * In order. Each names hosts: a name, a glob (`*.example.com`), an address or a CIDR network, with
   * `:port` for that port only.
   */
  readonly rules?: readonly EgressRule[];
}

/** A rule, parsed. */
export interface ParsedRule {
  readonly action: "allow" | "deny";
  readonly pattern: HostPattern;
}

/** A policy, parsed. */
export interface ParsedPolicy {
  readonly default: "allow" | "deny";
  readonly rules: readonly ParsedRule[];
}

/**
 * Parses a policy.
 *
 * @throws {ContainerError} `INVALID_CONFIG` when a part of it says nothing
 */
export function parsePolicy(policy: EgressPolicy): ParsedPolicy {
  const { default: otherwise, rules = [] } = policy;
  if (otherwise !== "allow" && otherwise !== "deny") {
    throw wrong("egress.default", otherwise, 'use "allow" or "deny"');
  }
  if (!Array.isArray(rules)) throw wrong("egress.rules", rules, "use an array of rules");
  return { default: otherwise, rules: readAll(rules) };
}

/**
 * Parses a list of hosts.
 *
 * @throws {ContainerError} `INVALID_CONFIG` when it is no list of hosts
 */
export function parseHosts(hosts: readonly string[], field: string): readonly HostPattern[] {
  if (!Array.isArray(hosts)) throw wrong(field, hosts, "use an array of hosts");
  return hosts.map((host: unknown, index) => parseHostPattern(host, `${field}[${index}]`));
}

function readAll(rules: readonly unknown[]): readonly ParsedRule[] {
  return rules.flatMap((rule, index) => parseRule(rule, index));
}

function parseRule(rule: unknown, index: number): readonly ParsedRule[] {
  const field = `egress.rules[${index}]`;
  const { allow, deny } = (rule ?? {}) as { readonly allow?: unknown; readonly deny?: unknown };
  if ((allow === undefined) === (deny === undefined)) {
    throw wrong(field, JSON.stringify(rule), "a rule has either allow or deny");
  }
  const action = allow === undefined ? "deny" : "allow";
  const hosts: readonly unknown[] = [allow ?? deny].flat();
  return hosts.map((host) => ({ action, pattern: parseHostPattern(host, `${field}.${action}`) }));
}

function wrong(field: string, value: unknown, fix: string): ContainerError {
  return new ContainerError("INVALID_CONFIG", `Cannot use ${field}: ${shown(value)}: ${fix}`, {
    details: { field },
  });
}
