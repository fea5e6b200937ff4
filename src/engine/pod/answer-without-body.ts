// workerd 1.20261117 breaks a pooled connection to a container when an answer on it had no body (204,
// 304, an answer to HEAD, Content-Length 0): the next request on that connection is sent in part and
// lost, a POST for good. An answer that says `Connection: close` is not pooled, so it can do no harm.

const HEAD_END = "\r\n\r\n";
const MAX_HEAD_BYTES = 16_384;

/** Watches one connection for answers without a body, and has workerd not use it again after one. */
export class AnswerMarker {
  #isHead = false;
  #isAnswerDue = false;

  /** Notes what the client sent: an answer can only follow a request. */
  onRequest(chunk: Buffer): void {
    this.#isAnswerDue = true;
    this.#isHead = chunk.subarray(0, 5).toString("latin1") === "HEAD ";
  }

  /** Returns what the client is to get of the app's chunk: nothing but such an answer changes. */
  mark(chunk: Buffer): Buffer {
    if (!this.#isAnswerDue) return chunk;
    this.#isAnswerDue = false;
    if (chunk.length > MAX_HEAD_BYTES || chunk.subarray(0, 7).toString("latin1") !== "HTTP/1.") {
      return chunk;
    }
    const head = chunk.toString("latin1");
    if (head.indexOf(HEAD_END) !== head.length - HEAD_END.length) return chunk;
    return this.#isHead || isBodiless(head) ? Buffer.from(withClose(head), "latin1") : chunk;
  }
}

function isBodiless(head: string): boolean {
  return /^HTTP\/1\.\d (?:204|304)\b/.test(head) || /\r\ncontent-length: *0\r\n/i.test(head);
}

function withClose(head: string): string {
  const others = head.replace(/\r\n(?:connection|keep-alive):[^\r]*/gi, "");
  return `${others.slice(0, -2)}Connection: close${HEAD_END}`;
}
