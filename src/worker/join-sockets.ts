/** What the owner of a joined pair wants to know. */
export interface SocketEvents {
  /** A message passed, in either direction. */
  onMessage(): void;
  /** Both directions are over. Called once. */
  onClosed(): void;
}

/** Sent for a socket that broke. */
const BROKEN = 1011;

/** Say that a socket broke, or nothing at all, but may not stand in a close frame. */
const UNSENDABLE: ReadonlySet<number> = new Set([1004, 1006, 1015]);

/**
 * Joins a container's WebSocket to a new one for the client: messages both ways, close codes and
 * reasons as they were given.
 *
 * @returns the client's end
 */
export function joinSockets(container: WebSocket, events: SocketEvents): WebSocket {
  const { 0: client, 1: server } = new WebSocketPair();
  // Messages arrive as what can be sent on at once; a Blob would have to be read first.
  container.binaryType = "arraybuffer";
  server.binaryType = "arraybuffer";
  let isOpen = true;
  const close = (): void => {
    if (isOpen) events.onClosed();
    isOpen = false;
  };
  const seen: SocketEvents = { onMessage: () => events.onMessage(), onClosed: close };
  forward(container, server, seen);
  forward(server, container, seen);
  container.accept({ allowHalfOpen: true });
  server.accept({ allowHalfOpen: true });
  return client;
}

function forward(from: WebSocket, to: WebSocket, events: SocketEvents): void {
  from.addEventListener("message", ({ data }: { data: string | ArrayBuffer }) => {
    events.onMessage();
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
    events.onClosed();
  });
}

/** Closes with the code that the other side gave, or says that it broke. */
function end(socket: WebSocket, code: number, reason: string): void {
  try {
    if (code === 1005) socket.close();
    else if (UNSENDABLE.has(code)) socket.close(BROKEN, reason);
    else socket.close(code, reason);
  } catch {
    // closed already: nothing is left to say
  }
}
