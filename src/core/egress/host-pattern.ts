import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parsePort } from "../port.ts";
import { normalHost, type Destination } from "./destination.ts";
import { isInNetwork, parseIpAddress, type IpAddress } from "./ip-address.ts";

/** What a pattern says of hosts. */
type HostMatch =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "glob"; readonly parts: readonly string[] }
  | { readonly kind: "network"; readonly network: IpAddress; readonly prefixBits: number };

/** A pattern of hosts, parsed. */
export interface HostPattern {
  /** As it was written. */
  readonly text: string;
  readonly host: HostMatch;
  /** The only port that it speaks of; undefined for all. */
  readonly port: number | undefined;
}

/**
 * Reads a pattern of hosts: a name, a glob in which `*` is any text, an address or a CIDR network,
 * each with a port if it speaks of that one only. An IPv6 address stands in brackets where a port
 * follows. Neither case nor a dot at the end matters.
 *
 * @param field what it is for, as the error names it
 * @throws {ContainerError} `INVALID_CONFIG` when it can match nothing
 */
export function parseHostPattern(text: unknown, field: string): HostPattern {
  if (typeof text !== "string" || text.trim() === "") {
    throw wrong(
      field,
      text,
      'use a host such as "api.example.com", "*.example.com" or "10.0.0.0/8"',
    );
  }
  if (/[\s@?#\\]|:\/\//.test(text)) {
    throw wrong(field, text, "give the host alone, without a scheme, a path or blanks");
  }
  const { hostText, portText } = split(text);
  const port = portText === undefined ? undefined : readPort(portText, text, field);
  return { text, host: readHost(hostText, text, field), port };
}

/** Whether a pattern speaks of a destination. */
export function matchesPattern({ host, port }: HostPattern, destination: Destination): boolean {
  if (port !== undefined && port !== destination.port) return false;
  switch (host.kind) {
    case "name":
      return host.name === destination.host;
    case "glob":
      return matchesGlob(host.parts, destination.host);
    case "network":
      return (
        destination.address !== undefined &&
        isInNetwork(destination.address, host.network, host.prefixBits)
      );
  }
}

/** Whether a pattern speaks of one host: a name, or a whole address. */
export function isOneHost({ host }: HostPattern): boolean {
  if (host.kind === "network") return host.prefixBits === host.network.length * 8;
  return host.kind === "name";
}

function readHost(hostText: string, text: string, field: string): HostMatch {
  const name = normalHost(hostText);
  if (name.includes("*")) return { kind: "glob", parts: name.split("*") };
  const [addressText = "", bitsText, ...rest] = name.split("/");
  const address = parseIpAddress(normalHost(addressText));
  if (address !== undefined && rest.length === 0) {
    const allBits = address.length * 8;
    const prefixBits = bitsText === undefined ? allBits : readBits(bitsText, allBits);
    if (prefixBits !== undefined) return { kind: "network", network: address, prefixBits };
  }
  if (bitsText !== undefined)
    throw wrong(field, text, 'a network is an address and its bits, "10.0.0.0/8"');
  if (name === "" || name.includes(":")) throw wrong(field, text, "that is no host");
  return { kind: "name", name: asciiName(name) };
}

/** A name as it stands in URLs: international names in their ASCII form. */
function asciiName(name: string): string {
  return URL.canParse(`http://${name}`) ? normalHost(new URL(`http://${name}`).hostname) : name;
}

function readBits(text: string, allBits: number): number | undefined {
  const bits = /^\d{1,3}$/.test(text) ? Number(text) : allBits + 1;
  return bits <= allBits ? bits : undefined;
}

function readPort(portText: string, text: string, field: string): number {
  try {
    return parsePort(portText, field);
  } catch {
    throw wrong(field, text, `${shown(portText)} is not a port; use an integer from 1 to 65535`);
  }
}

/** Parts the port from the host. An IPv6 address without brackets has none. */
function split(text: string): { readonly hostText: string; readonly portText?: string } {
  const bracketed = /^(\[[^\]]*\](?:\/\d+)?)(?::(.*))?$/.exec(text);
  if (bracketed !== null) return withPort(bracketed[1] ?? "", bracketed[2]);
  const colon = text.indexOf(":");
  if (colon === -1 || text.includes(":", colon + 1)) return { hostText: text };
  return withPort(text.slice(0, colon), text.slice(colon + 1));
}

function withPort(
  hostText: string,
  portText: string | undefined,
): { readonly hostText: string; readonly portText?: string } {
  return portText === undefined ? { hostText } : { hostText, portText };
}

/** Whether the parts follow each other in `value`, the first at its start, the last at its end. */
function matchesGlob(parts: readonly string[], value: string): boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!value.startsWith(first) || !value.endsWith(last)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = value.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return from <= value.length - last.length;
}

function wrong(field: string, text: unknown, fix: string): ContainerError {
  return new ContainerError("INVALID_CONFIG", `Cannot use ${field}: ${shown(text)}: ${fix}`, {
    details: { field },
  });
}
