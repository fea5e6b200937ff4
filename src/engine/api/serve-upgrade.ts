import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";

import { sendAnswer } from "./api-answer.ts";
import type { ApiAnswer } from "./api-exchange.ts";
import { readUpgradeBody } from "./read-upgrade-body.ts";

/** A request that asks for an upgrade, as Node hands it over. */
export interface UpgradeRequest {
  readonly message: IncomingMessage;
  readonly connection: Socket;
  /** What Node had read behind the headers. */
  readonly head: Buffer;
}

/**
 * Answers a request that asks for an upgrade: by 101 and the handler's stream, or, when the handler
 * has no use for the connection, as any other request.
 *
 * @param answer calls the handler with the request's body
 */
export async function serveUpgrade(
  { message, connection, head }: UpgradeRequest,
  answer: (body: Readable) => Promise<ApiAnswer>,
): Promise<void> {
  const read = await readUpgradeBody(message.headers["content-length"], connection, head);
  if (read === undefined) {
    connection.destroy();
    return;
  }
  const result = await answer(Readable.from(read.body.length > 0 ? [read.body] : []));
  if (result.kind === "hijack") {
    connection.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${result.contentType}\r\n` +
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    if (read.rest.length > 0) connection.unshift(read.rest);
    result.serve(connection);
    return;
  }
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.on("finish", () => connection.end());
  response.assignSocket(connection);
  sendAnswer(response, result);
}
