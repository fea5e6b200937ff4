import { parseHostPattern, type HostPattern } from "../../core/egress/host-pattern.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import type { EgressEvent, OutboundHandler } from "./outbound-types.ts";

/** The static members of a container class that egress reads. */
export interface OutboundStatics {
  readonly name: string;
  readonly outbound?: OutboundHandler;
  readonly outboundByHost?: Readonly<Record<string, OutboundHandler>>;
  readonly outboundHandlers?: Readonly<Record<string, OutboundHandler>>;
  onEgress?(event: EgressEvent, env: Cloudflare.Env): unknown;
  /** Other names of the first and the third, as the peer takes them. */
  readonly outboundProxy?: OutboundHandler;
  readonly outboundProxies?: Readonly<Record<string, OutboundHandler>>;
}

/** The handlers of a container class, its own and those it inherits. */
export interface OutboundClass {
  readonly outbound: OutboundHandler | undefined;
  readonly byHost: ReadonlyMap<string, OutboundHandler>;
  readonly hosts: readonly HostPattern[];
  readonly named: ReadonlyMap<string, OutboundHandler>;
}

/**
 * Reads the handlers of a class. They are looked up along its ancestors at each call, so that it
 * does not matter how and when they were set; of equal keys the most derived one counts.
 *
 * @throws {ContainerError} `INVALID_CONFIG` when one is no function or its host is none
 */
export function readOutboundClass(statics: OutboundStatics): OutboundClass {
  const byHost = readTable(statics, ["outboundByHost"]);
  const outbound = statics.outbound ?? statics.outboundProxy;
  if (outbound !== undefined) checkHandler(outbound, "static outbound", statics);
  return {
    outbound,
    byHost,
    hosts: [...byHost.keys()].map((host) => parseHostPattern(host, "static outboundByHost")),
    named: readTable(statics, ["outboundProxies", "outboundHandlers"]),
  };
}

/**
 * Checks that a class has a named handler.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT`
 */
export function checkNamed(statics: OutboundStatics, name: string): void {
  const { named } = readOutboundClass(statics);
  if (named.has(name)) return;
  const known = [...named.keys()].map(shown).join(", ");
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use the outbound handler ${shown(name)}: ${statics.name}.outboundHandlers has ${known || "none"}`,
    { details: { name } },
  );
}

type TableName = "outboundByHost" | "outboundHandlers" | "outboundProxies";

function readTable(
  statics: OutboundStatics,
  names: readonly TableName[],
): ReadonlyMap<string, OutboundHandler> {
  const table = new Map<string, OutboundHandler>();
  for (const ancestor of ancestors(statics)) {
    for (const name of names) {
      const own = Object.hasOwn(ancestor, name) ? ancestor[name] : undefined;
      for (const [key, handler] of Object.entries(own ?? {})) {
        checkHandler(handler, `static ${name}[${shown(key)}]`, statics);
        table.set(key, handler);
      }
    }
  }
  return table;
}

/** A class and what it extends, the most general first. */
function ancestors(statics: OutboundStatics): readonly OutboundStatics[] {
  const line: OutboundStatics[] = [];
  let one: OutboundStatics | null = statics;
  while (typeof one === "function") {
    line.unshift(one);
    one = Object.getPrototypeOf(one) as OutboundStatics | null;
  }
  return line;
}

function checkHandler(handler: unknown, field: string, { name }: OutboundStatics): void {
  if (typeof handler === "function") return;
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${field} of ${name}: ${shown(handler)} is not a function of (request, env, ctx)`,
    { details: { field } },
  );
}
