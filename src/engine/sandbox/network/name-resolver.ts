import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";

const timeoutMs = 3_000;

/** Passes a DNS query on to the host's resolvers, in turn; `undefined` when none answers. */
export async function forwardNameQuery(
  query: Buffer,
  servers: readonly string[] = hostNameServers(),
): Promise<Buffer | undefined> {
  for (const server of servers) {
    const answer = await askServer(query, server);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Reads the resolvers of the host; read for each query, since networks change. */
function hostNameServers(file = "/etc/resolv.conf"): readonly string[] {
  try {
    return [...readFileSync(file, "utf8").matchAll(/^nameserver\s+(\S+)/gm)].map(
      ([, address]) => address ?? "",
    );
  } catch {
    return []; // A host without resolvers.
  }
}

function askServer(query: Buffer, server: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
    const finish = (answer?: Buffer): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(finish, timeoutMs).unref();
    socket.once("error", () => finish());
    socket.once("message", (answer) => finish(answer));
    // Connected, so that only this server's answers are taken.
    socket.connect(53, server, () => socket.send(query));
  });
}
