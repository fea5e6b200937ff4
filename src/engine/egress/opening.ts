import type { Socket } from "node:net";

import { isTlsStart, readServerName } from "./client-hello.ts";
import { readRequestHost } from "./request-host.ts";

/** What a connection's first bytes say about where it is meant to go. */
export type Opening =
  | { readonly kind: "tls"; readonly serverName: string }
  | { readonly kind: "plain"; readonly host: string };

// What else could be in a name would be a header of its own in the request to workerd.
const plainName = /^[\w.:[\]-]*$/;

/**
 * Reads as many bytes as it takes to know a connection's opening, and puts them back.
 *
 * @returns `undefined` when it can't be known: it ended early, or makes no sense
 */
export function readOpening(socket: Socket): Promise<Opening | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const finish = (opening: Opening | undefined): void => {
      socket.off("data", receive).off("end", giveUp).off("close", giveUp).pause();
      socket.unshift(bytes);
      resolve(opening);
    };
    const giveUp = (): void => finish(undefined);
    const receive = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const opening = parseOpening(bytes);
      if (opening !== "incomplete") finish(opening === "invalid" ? undefined : opening);
    };
    socket.on("data", receive).once("end", giveUp).once("close", giveUp);
  });
}

/** Tells TLS, HTTP and all else apart. */
export function parseOpening(bytes: Buffer): Opening | "incomplete" | "invalid" {
  const isTls = isTlsStart(bytes);
  const read = isTls ? readServerName(bytes) : readRequestHost(bytes);
  if (typeof read === "string") return read;
  const opening: Opening =
    "serverName" in read
      ? { kind: "tls", serverName: read.serverName }
      : { kind: "plain", host: read.host };
  return plainName.test(opening.kind === "tls" ? opening.serverName : opening.host)
    ? opening
    : "invalid";
}
