import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Opens a tunnel to a port of a pod; the status of the answer, and the socket behind it. */
export async function openTunnel(
  ingressPort: number,
  port: number,
): Promise<{ readonly status: number; readonly socket: Socket }> {
  const socket = connect({ host: "127.0.0.1", port: ingressPort, allowHalfOpen: true });
  socket.write(
    `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Dst-Addr: 127.0.0.1:${port}\r\n\r\n`,
  );
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const [chunk]: Buffer[] = await once(socket, "data");
    socket.pause();
    head += chunk?.toString("latin1") ?? "";
  }
  // The first bytes from the port may come together with the answer.
  const rest = head.slice(head.indexOf("\r\n\r\n") + 4);
  if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
  return { status: Number(head.split(" ")[1]), socket };
}

/** Sends an HTTP request to a pod's own interface. */
export async function callSidecar(
  ingressPort: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${ingressPort}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.text() };
}

/** Sends a request through the ingress and returns all that comes back. */
export async function exchange(ingressPort: number, port: number, data: string): Promise<string> {
  const { status, socket } = await openTunnel(ingressPort, port);
  if (status !== 200) {
    socket.destroy();
    return `status ${status}`;
  }
  socket.end(data);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
