import type { Socket } from "node:net";

import { AnswerMarker } from "./answer-without-body.ts";

/**
 * Joins a client's socket to the app's: half-close travels on, a slow reader slows its writer, and a
 * reset of either side resets the other, so that a client sees what it would see without the tunnel.
 *
 * @param first what the client has sent already
 */
export function joinSockets(client: Socket, app: Socket, first: Buffer): void {
  const marker = new AnswerMarker();
  const toApp = (chunk: Buffer): Buffer => {
    marker.onRequest(chunk);
    return chunk;
  };
  if (first.length > 0) app.write(toApp(first));
  passData(client, app, toApp);
  passData(app, client, (chunk) => marker.mark(chunk));
  passEnd(client, app);
  passEnd(app, client);
}

function passData(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer): void {
  from.on("data", (chunk: Buffer) => {
    if (!to.write(pass(chunk))) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.resume();
}

function passEnd(from: Socket, to: Socket): void {
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
