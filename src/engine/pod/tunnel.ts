import type { Socket } from "node:net";

/**
 * Joins two sockets: half-close travels on, a slow reader slows its writer, and a reset of either
 * side resets the other, so that a client sees what it would see without the tunnel.
 */
export function joinSockets(left: Socket, right: Socket): void {
  left.pipe(right);
  right.pipe(left);
  passEnd(left, right);
  passEnd(right, left);
}

function passEnd(from: Socket, to: Socket): void {
  from.on("error", () => to.resetAndDestroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
