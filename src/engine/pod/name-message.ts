/** Types of records that the name service tells apart. */
export const recordTypes = { address: 1, address6: 28, service: 64, https: 65, any: 255 } as const;

/** What a query asks for. */
export interface NameQuestion {
  /** In lower case, without the trailing dot. */
  readonly name: string;
  readonly type: number;
}

const headerBytes = 12;
const responseFlag = 0x80;
const pointerBits = 0xc0;
const placeholderSeconds = 5;

/** Reads a query's question; `undefined` when it is not exactly one that is whole. */
export function readQuestion(query: Buffer): NameQuestion | undefined {
  if (query.length < headerBytes || query.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let offset = headerBytes;
  while (offset < query.length) {
    const labelBytes = query.readUInt8(offset);
    if (labelBytes >= pointerBits) return undefined;
    if (labelBytes === 0) break;
    labels.push(query.toString("latin1", offset + 1, offset + 1 + labelBytes));
    offset += labelBytes + 1;
  }
  if (offset + 5 > query.length) return undefined;
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(offset + 1) };
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

/** Answers a query with one IPv4 address. */
export function addressAnswer(query: Buffer, address: readonly number[]): Buffer {
  const answer = refusal(query, 0);
  answer.writeUInt16BE(1, 6);
  const record = Buffer.alloc(12);
  record.writeUInt16BE((pointerBits << 8) | headerBytes, 0);
  record.writeUInt16BE(recordTypes.address, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(placeholderSeconds, 6);
  record.writeUInt16BE(address.length, 10);
  return Buffer.concat([answer, record, Buffer.from(address)]);
}

/** An answer's code: 0 is no error. */
export function answerCode(answer: Buffer): number {
  return answer.readUInt8(3) & 0x0f;
}

/** Whether an answer holds an IPv4 address. */
export function hasAddress(answer: Buffer): boolean {
  let offset = endOfQuestion(answer);
  for (let left = answer.readUInt16BE(6); left > 0; left -= 1) {
    offset = endOfName(answer, offset);
    if (offset + 10 > answer.length) return false;
    if (answer.readUInt16BE(offset) === recordTypes.address) return true;
    offset += 10 + answer.readUInt16BE(offset + 8);
  }
  return false;
}

function endOfQuestion(message: Buffer): number {
  return Math.min(endOfName(message, headerBytes) + 4, message.length);
}

function endOfName(message: Buffer, start: number): number {
  let offset = start;
  while (offset < message.length) {
    const labelBytes = message.readUInt8(offset);
    if (labelBytes >= pointerBits) return offset + 2;
    offset += labelBytes + 1;
    if (labelBytes === 0) return offset;
  }
  return message.length;
}
