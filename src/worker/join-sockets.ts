/** What the owner of a joined pair wants to know. */
export interface SocketEvents {
  /** A message passed, in either direction. */
  onMessage(): void;
  /** Both directions are over. Called once. */
  onClosed(): void;
}

/** Sent for a socket that broke: 1006 says so too, but may not stand in a close frame. */
const BROKEN = 1011;

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
  forward(container, server, events.onMessage, close);
  forward(server, container, events.onMessage, close);
  container.accept({ allowHalfOpen: true });
  server.accept({ allowHalfOpen: true });
  return client;
}

function forward(
  from: WebSocket,
  to: WebSocket,
  onMessage: () => void,
  onClosed: () => void,
): void {
  from.addEventListener("message", ({ data }) => {
    onMessage();
    try {
      to.send(data);
    } catch {
      end(from, BROKEN, "The other side is gone"); // it closed in this very moment
      onClosed();
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    end(to, code, reason);
    end(from, code, reason); // half open: our half is still ours to close
    onClosed();
  });
  from.addEventListener("error", () => {
    end(to, BROKEN, "The other side broke");
    onClosed();
  });
}

/** Closes with the code that the other side gave, or says that it broke. */
function end(socket: WebSocket, code: number, reason: string): void {
  try {
    if (code === 1005) socket.close();
    else if (code === 1006 || code === 1015) socket.close(BROKEN, reason);
    else socket.close(code, reason);
  } catch {
    // closed already: nothing is left to say
  }
}
