import { createSocket } from "node:dgram";

import {
  addressAnswer,
  answerCode,
  hasAddress,
  readQuestion,
  recordTypes,
  refusal,
} from "./name-message.ts";

const headerBytes = 12;
const nameErrorCode = 3;
const serverFailureCode = 2;
// Of a network that is for documents only: nothing answers there, and no route leads there.
const placeholderAddress = [192, 0, 2, 1];

/** How the name service finds answers. */
export interface NameServiceSource {
  /** Whether names are resolved by the host. */
  isEnabled(): boolean;
  /** Whether a name is one whose traffic is intercepted, so that it needs an address in any case. */
  isAllowed(name: string): boolean;
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
    void answerQuery(query, source).then((answer) => socket.send(answer, peer.port, peer.address));
  });
  socket.bind(53, "127.0.0.1");
}

/**
 * Finds the answer to a query. A name that is allowed always has an address, if need be one that
 * leads nowhere: its traffic goes to the interceptor by what it says, not by where it is sent.
 */
export async function answerQuery(query: Buffer, source: NameServiceSource): Promise<Buffer> {
  const question = readQuestion(query);
  const answer = source.isEnabled() ? await source.forward(query) : refusal(query, nameErrorCode);
  if (question !== undefined && source.isAllowed(question.name))
    return answerAllowed(query, question.type, answer);
  if (answer === undefined) return refusal(query, serverFailureCode);
  return question?.type === recordTypes.address6 ? refusal(query, answerCode(answer)) : answer;
}

/**
 * No pod has IPv6 to the internet, and an interceptor that takes the connection all the same would
 * keep programs from trying IPv4. What HTTPS records say could hide a name from the interceptor.
 */
function answerAllowed(query: Buffer, type: number, answer: Buffer | undefined): Buffer {
  if (type === recordTypes.address || type === recordTypes.any) {
    const isUsable = answer !== undefined && hasAddress(answer);
    return isUsable ? answer : addressAnswer(query, placeholderAddress);
  }
  const isUsable = answer !== undefined && answerCode(answer) === 0;
  return isUsable && !withheldTypes.has(type) ? answer : refusal(query, 0);
}

const withheldTypes: ReadonlySet<number> = new Set([
  recordTypes.address6,
  recordTypes.https,
  recordTypes.service,
]);
