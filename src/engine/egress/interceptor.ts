import { isIPv6, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

import type { CertificateAuthority } from "./certificate-authority.ts";
import { joinStreams } from "./join-streams.ts";
import { readOpening, type Opening } from "./opening.ts";
import { openTunnel, type Tunnel, type TunnelRequest } from "./open-tunnel.ts";
import { findDestination, type Endpoint } from "./original-destination.ts";
import { isPublicAddress } from "./public-address.ts";

const takenByWorker = 200;
const passedOn = 202;

/** What an {@link Interceptor} is made of. */
export interface InterceptorParts {
  readonly authority: CertificateAuthority;
  /** A process of the pod's network namespace. */
  readonly helperPid: () => number;
  /** Whether what no Worker takes may go on to an address. */
  readonly isReachable?: (address: string) => boolean;
}

/** Takes the connections that a pod's app makes to ports 80 and 443, and asks workerd about each. */
export class Interceptor {
  /** Where workerd listens. */
  workerd: Endpoint | undefined;
  readonly #parts: InterceptorParts;
  readonly #servers = new Set<Server>();
  readonly #sockets = new Set<Socket>();

  constructor(parts: InterceptorParts) {
    this.#parts = parts;
  }

  /** Takes the connections of a listener of the pod's namespace. */
  serve(server: Server): void {
    this.#servers.add(server);
    server.on("connection", (socket: Socket) => {
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      this.#hold(socket);
      void this.#intercept(socket).catch(() => socket.resetAndDestroy());
    });
  }

  /** Breaks every connection: a socket keeps its network namespace alive. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #intercept(socket: Socket): Promise<void> {
    const destination = this.#findDestination(socket);
    const opening = await readOpening(socket);
    if (destination === undefined || opening === undefined || this.workerd === undefined)
      return void socket.resetAndDestroy();
    const tunnel = await openTunnel(this.workerd, toRequest(destination, opening));
    if (tunnel === undefined) return void socket.resetAndDestroy();
    this.#hold(tunnel.socket);
    await this.#join(socket, tunnel, { destination, opening });
  }

  async #join(
    socket: Socket,
    { status, socket: upstream }: Tunnel,
    { destination, opening }: { readonly destination: Endpoint; readonly opening: Opening },
  ): Promise<void> {
    const { isReachable = isPublicAddress } = this.#parts;
    if (status === takenByWorker && opening.kind === "tls") {
      const name = opening.serverName === "" ? destination.address : opening.serverName;
      joinStreams(await this.#endTls(socket, name), upstream);
    } else if (
      status === takenByWorker ||
      (status === passedOn && isReachable(destination.address))
    ) {
      joinStreams(socket, upstream);
    } else {
      socket.resetAndDestroy();
      upstream.destroy();
    }
  }

  async #endTls(socket: Socket, name: string): Promise<TLSSocket> {
    const secureContext = await this.#parts.authority.contextFor(name);
    // Of the protocols that a client may offer, workerd speaks this one.
    const options = { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] };
    const secure = new TLSSocket(socket, options);
    secure.on("error", () => secure.destroy());
    return secure;
  }

  #findDestination(socket: Socket): Endpoint | undefined {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    return findDestination(
      this.#parts.helperPid(),
      { address: remoteAddress, port: remotePort },
      { address: localAddress ?? "", port: localPort ?? 0 },
    );
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

function toRequest({ address, port }: Endpoint, opening: Opening): TunnelRequest {
  const destination = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const name = opening.kind === "tls" ? opening.serverName : opening.host;
  if (name === "") return { destination, hint: undefined };
  return { destination, hint: [opening.kind === "tls" ? "X-Tls-Sni" : "X-Hostname", name] };
}
