import { createServer, type Server } from "node:net";

import type { AddressFamily, MessageFromPod } from "./pod-message.ts";

// An app that listens on all addresses has its port on these too, so theirs is one that it hardly
// uses: beyond those that the kernel gives out by itself.
const preferredPort = 61_209;
const addresses: readonly (readonly [AddressFamily, string])[] = [
  ["ipv4", "127.0.0.3"],
  ["ipv6", "::1"],
];

/** Opens the listeners that intercepted connections are sent to, one for each kind of address. */
export async function openEgressListeners(
  handOver: (message: MessageFromPod, server: Server) => void,
): Promise<void> {
  for (const [family, address] of addresses) {
    const server =
      (await listenAt(address, preferredPort)) ??
      // Without IPv6 in the kernel there is nothing to intercept.
      (await listenAt(address, 0));
    const bound = server?.address();
    if (server !== undefined && typeof bound === "object" && bound !== null)
      handOver({ kind: "egress-listener", family, port: bound.port }, server);
  }
}

function listenAt(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host, port }, () => resolve(server));
  });
}
