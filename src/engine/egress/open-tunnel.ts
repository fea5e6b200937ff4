import { connect, type Socket } from "node:net";

import type { Endpoint } from "./original-destination.ts";

/** What is said to workerd about a connection that an app makes. */
export interface TunnelRequest {
  /** Where the app connects to: `address:port`, an IPv6 address in brackets. */
  readonly destination: string;
  /** What the app says about it, if anything. */
  readonly hint: readonly [header: "X-Tls-Sni" | "X-Hostname", name: string] | undefined;
}

/** workerd's answer. */
export interface Tunnel {
  /** 200: a Worker takes it, and wants it without TLS. 202: the bytes as they are go on from there. */
  readonly status: number;
  readonly socket: Socket;
}

const headLimitBytes = 16_384;

/**
 * Asks workerd what is to become of a connection.
 *
 * @param workerd where it listens
 * @returns `undefined` when it can't be asked
 */
export function openTunnel(
  { address: host, port }: Endpoint,
  request: TunnelRequest,
): Promise<Tunnel | undefined> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const finish = (status: number | undefined, rest: Buffer): void => {
      socket.off("data", receive).off("end", giveUp).off("close", giveUp).pause();
      if (status === undefined) {
        socket.destroy();
        return resolve(undefined);
      }
      socket.unshift(rest);
      resolve({ status, socket });
    };
    const giveUp = (): void => finish(undefined, seen);
    const receive = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end < 0) return seen.length > headLimitBytes ? giveUp() : undefined;
      const status = /^HTTP\/1\.1 (\d{3})/.exec(seen.toString("latin1", 0, end))?.[1];
      finish(status === undefined ? undefined : Number(status), seen.subarray(end + 4));
    };
    socket.on("error", giveUp);
    socket.on("data", receive).once("end", giveUp).once("close", giveUp);
    socket.write(toHead(request));
  });
}

function toHead({ destination, hint }: TunnelRequest): string {
  const named = hint === undefined ? "" : `${hint[0]}: ${hint[1]}\r\n`;
  return `CONNECT ${destination} HTTP/1.1\r\nHost: ${destination}\r\n${named}\r\n`;
}
