// The server in the containers of the rigs: HTTP and WebSocket by hand, so that what is measured is
// the way to it. It knows `/`, bodies of so many MiB, and echoes short WebSocket messages.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

const PORT = Number(process.argv[2] ?? 8080);
const END_OF_HEAD = "\r\n\r\n";
const SMALL = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/** `/mib/16` is a body of 16 MiB; `/mib/16/chunked` does not tell its length. */
const BODY = /^GET \/mib\/(\d+)(\/chunked)? /;
const PART = Buffer.alloc(1 << 16, "x");
const PARTS_PER_MIB = 16;

/** Sends as fast as the other side takes it. */
async function sendBody(socket: Socket, mib: number, isChunked: boolean): Promise<void> {
  const parts = mib * PARTS_PER_MIB;
  const length = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${mib << 20}`;
  socket.write(`HTTP/1.1 200 OK\r\n${length}${END_OF_HEAD}`);
  const head = `${PART.length.toString(16)}\r\n`;
  const part = isChunked ? Buffer.concat([Buffer.from(head), PART, Buffer.from("\r\n")]) : PART;
  for (let sent = 0; sent < parts; sent += 1) {
    if (!socket.write(part)) await once(socket, "drain");
  }
  if (isChunked) socket.write("0\r\n\r\n");
}

/** Requests have no body; several may come in one chunk, or one in several. */
function serveHttp(socket: Socket): void {
  let pending = "";
  const onData = (chunk: Buffer): void => {
    pending += chunk.toString("latin1");
    for (let end = pending.indexOf(END_OF_HEAD); end >= 0; end = pending.indexOf(END_OF_HEAD)) {
      const head = pending.slice(0, end);
      pending = pending.slice(end + END_OF_HEAD.length);
      const key = /^sec-websocket-key: *(.*)$/im.exec(head)?.[1];
      if (key !== undefined) {
        socket.off("data", onData);
        return openWebSocket(socket, key);
      }
      const [isBody, mib, chunked] = BODY.exec(head) ?? [];
      if (isBody === undefined) socket.write(SMALL);
      else void sendBody(socket, Number(mib), chunked !== undefined).catch(() => socket.destroy());
    }
  };
  socket.on("data", onData);
}

/** RFC 6455, as far as an echo of unfragmented messages under 126 bytes needs it. */
function openWebSocket(socket: Socket, key: string): void {
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept.digest("base64")}${END_OF_HEAD}`,
  );
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 6) {
      const sizeBytes = pending.readUInt8(1) & 0x7f;
      if (pending.length < 6 + sizeBytes) return;
      socket.write(echoOf(pending, sizeBytes));
      pending = pending.subarray(6 + sizeBytes);
    }
  });
}

/** Clients mask what they send; servers do not. */
function echoOf(frame: Buffer, sizeBytes: number): Buffer {
  const echo = Buffer.alloc(2 + sizeBytes);
  echo.writeUInt8(frame.readUInt8(0), 0);
  echo.writeUInt8(sizeBytes, 1);
  for (let index = 0; index < sizeBytes; index += 1) {
    echo.writeUInt8(frame.readUInt8(6 + index) ^ frame.readUInt8(2 + (index % 4)), 2 + index);
  }
  return echo;
}

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  serveHttp(socket);
}).listen(PORT);
