import { parseIpAddress, type IpAddress } from "./ip-address.ts";

/** Where a request of a container goes. */
export interface Destination {
  readonly scheme: "http" | "https";
  /** In lower case, without brackets and without dots at the end. */
  readonly host: string;
  readonly port: number;
  /** The bytes of `host`, if it is an address. */
  readonly address: IpAddress | undefined;
}

const DEFAULT_PORTS = { http: 80, https: 443 };

/** The destination of a URL, one for all its spellings. */
export function destinationOf(url: URL): Destination {
  const scheme = url.protocol === "https:" || url.protocol === "wss:" ? "https" : "http";
  const host = normalHost(url.hostname);
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  return { scheme, host, port, address: parseIpAddress(host) };
}

/** One spelling for all of a host: no case, no brackets, no dots at the end. */
export function normalHost(host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return bare.toLowerCase().replace(/\.+$/, "");
}
