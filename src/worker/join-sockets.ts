import type { SocketSide } from "../core/socket-activity.ts";

/** What the owner of a joined pair wants to know. */
export interface SocketEvents {
  /** A message is about to pass. Must not throw. */
  onMessage(message: string | ArrayBuffer, from: SocketSide): void;
  /** The pair is over, however it came. Called once. */
  onClosed(): void;
}

/** A container's WebSocket and the one of its client, joined. */
export interface JoinedSockets {
  /** The end that the client is given. */
  readonly client: WebSocket;
  /** Closes both ends. What was sent before still arrives. */
  close(code: number, reason: string): void;
}

/** One end of the pair, as this object holds it. */
interface End {
  readonly side: SocketSide;
  readonly socket: WebSocket;
}

/** Sent for a socket that broke. */
const BROKEN = 1011;

/** Says that a close frame named no code. */
const NO_CODE = 1005;

/** Say that a socket broke, or nothing at all, but may not stand in a close frame. */
const UNSENDABLE: ReadonlySet<number> = new Set([1004, 1006, 1015]);

/**
 * Joins a container's WebSocket to a new one for the client: messages both ways, close codes and
 * reasons as they were given. One that breaks is 1011 for the other.
 */
export function joinSockets(container: WebSocket, events: SocketEvents): JoinedSockets {
  const { 0: client, 1: server } = new WebSocketPair();
  let isOpen = true;
  const closed = (): void => {
    if (!isOpen) return;
    isOpen = false;
    events.onClosed();
  };
  const onMessage: SocketEvents["onMessage"] = (message, from) => {
    if (isOpen) events.onMessage(message, from); // the other end may talk on after a close
  };
  const seen = { onMessage, onClosed: closed };
  forward({ side: "container", socket: container }, server, seen);
  forward({ side: "client", socket: server }, container, seen);
  for (const socket of [container, server]) {
    // Messages arrive as what can be sent on at once; a Blob would have to be read first.
    socket.binaryType = "arraybuffer";
    socket.accept({ allowHalfOpen: true });
  }
  const close = (code: number, reason: string): void => {
    end(server, code, reason);
    end(container, code, reason);
    closed();
  };
  return { client, close };
}

function forward({ side, socket: from }: End, to: WebSocket, events: SocketEvents): void {
  from.addEventListener("message", ({ data }: { data: string | ArrayBuffer }) => {
    events.onMessage(data, side);
    try {
      to.send(data);
    } catch {
      end(from, BROKEN, "The other side is gone"); // it closed in this very moment
      events.onClosed();
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    end(to, code, reason);
    end(from, code, reason); // half open: our half is still ours to close
    events.onClosed();
  });
  from.addEventListener("error", () => {
    end(to, BROKEN, "The other side broke");
    end(from, BROKEN, "");
    events.onClosed();
  });
}

/** Closes with the code that the other side gave, or says that it broke. */
function end(socket: WebSocket, code: number, reason: string): void {
  try {
    if (code === NO_CODE) socket.close();
    else if (UNSENDABLE.has(code)) socket.close(BROKEN, reason);
    else socket.close(code, reason);
  } catch {
    // closed already: nothing is left to say
  }
}
