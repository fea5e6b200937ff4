import type { Duplex } from "node:stream";

/** Joins two connections: the end of each ends the other's writing, a break of each breaks both. */
export function joinStreams(one: Duplex, other: Duplex): void {
  passOn(one, other);
  passOn(other, one);
}

function passOn(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
