const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const recordHeadBytes = 5;
const messageHeadBytes = 4;
const versionAndRandomBytes = 34;
const limitBytes = 65_536;

/** Whether a connection's first bytes begin a TLS handshake. */
export function isTlsStart(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.readUInt8(0) === handshakeRecord;
}

/**
 * Reads the server name that a TLS client asks for.
 *
 * @returns the name in lower case, `""` when the client names none; `incomplete` when more bytes are
 * needed
 */
export function readServerName(
  bytes: Buffer,
): { readonly serverName: string } | "incomplete" | "invalid" {
  const message = joinRecords(bytes);
  if (message === "invalid" || bytes.length > limitBytes) return "invalid";
  if (message.length < messageHeadBytes) return "incomplete";
  if (message.readUInt8(0) !== clientHelloMessage) return "invalid";
  const end = messageHeadBytes + message.readUIntBE(1, 3);
  if (message.length < end) return "incomplete";
  try {
    return { serverName: findServerName(message.subarray(messageHeadBytes, end)) };
  } catch (error) {
    if (error instanceof RangeError) return "invalid"; // A length leads out of the message.
    throw error;
  }
}

/** A handshake message may be spread over several records. */
function joinRecords(bytes: Buffer): Buffer | "invalid" {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset + recordHeadBytes <= bytes.length) {
    if (bytes.readUInt8(offset) !== handshakeRecord) break;
    const start = offset + recordHeadBytes;
    const end = start + bytes.readUInt16BE(offset + 3);
    parts.push(bytes.subarray(start, end));
    offset = end;
  }
  return offset === 0 && bytes.length >= recordHeadBytes ? "invalid" : Buffer.concat(parts);
}

function findServerName(hello: Buffer): string {
  let offset = versionAndRandomBytes;
  offset += 1 + hello.readUInt8(offset); // Session id.
  offset += 2 + hello.readUInt16BE(offset); // Cipher suites.
  offset += 1 + hello.readUInt8(offset); // Compression methods.
  offset += 2; // The length of all extensions.
  while (offset < hello.length) {
    const type = hello.readUInt16BE(offset);
    const sizeBytes = hello.readUInt16BE(offset + 2);
    if (type === serverNameExtension) return readName(hello, offset + 4);
    offset += 4 + sizeBytes;
  }
  return "";
}

/** The list has one name, of the only kind there is. */
function readName(hello: Buffer, offset: number): string {
  const sizeBytes = hello.readUInt16BE(offset + 3);
  return hello.toString("latin1", offset + 5, offset + 5 + sizeBytes).toLowerCase();
}
