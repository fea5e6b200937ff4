import { createSocket } from "node:dgram";

const headerBytes = 12;
const responseFlag = 0x80;
const nameErrorCode = 3;
const serverFailureCode = 2;

/** How the name service finds answers. */
export interface NameServiceSource {
  /** Whether names are resolved at all. */
  isEnabled(): boolean;
  /** Asks the host's resolvers; `undefined` when none answers. */
  forward(query: Buffer): Promise<Buffer | undefined>;
}

/**
 * Answers DNS queries on the pod's 127.0.0.1:53: through the host when the internet is on, else with
 * "no such name", which makes programs fail at once instead of waiting for a resolver.
 */
export function serveNames(source: NameServiceSource): void {
  const socket = createSocket("udp4");
  socket.on("error", () => socket.close());
  socket.on("message", (query, peer) => {
    if (query.length < headerBytes) return;
    const send = (answer: Buffer): void => socket.send(answer, peer.port, peer.address);
    if (!source.isEnabled()) return send(refusal(query, nameErrorCode));
    void source.forward(query).then((answer) => send(answer ?? refusal(query, serverFailureCode)));
  });
  socket.bind(53, "127.0.0.1");
}

/** Turns a query into an answer without records. */
export function refusal(query: Buffer, code: number): Buffer {
  const answer = Buffer.from(query.subarray(0, endOfQuestion(query)));
  answer.writeUInt8((query.readUInt8(2) & 0x79) | responseFlag, 2);
  answer.writeUInt8(0x80 | code, 3);
  answer.writeUInt32BE(0, 6);
  answer.writeUInt16BE(0, 10);
  return answer;
}

function endOfQuestion(query: Buffer): number {
  let offset = headerBytes;
  while (offset < query.length) {
    const labelBytes = query.readUInt8(offset);
    offset += labelBytes + 1;
    if (labelBytes === 0) return Math.min(offset + 4, query.length);
  }
  return query.length;
}
