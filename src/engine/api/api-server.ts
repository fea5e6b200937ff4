import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";

import { EngineError } from "../engine-error.ts";
import { answerError, sendAnswer } from "./api-answer.ts";
import type { ApiAnswer, ApiHandler, ApiRequest, ApiRoute } from "./api-exchange.ts";
import { readJson } from "./read-json.ts";
import { createRouter, type RouteMatcher } from "./router.ts";
import { serveUpgrade } from "./serve-upgrade.ts";

/** The server of the Docker API. */
export interface ApiServer {
  /** Begins to listen on a unix socket. */
  listen(socketPath: string): Promise<void>;
  /** Stops listening and cuts every connection, taken-over ones too. */
  close(): void;
}

/**
 * Makes the server of the Docker API.
 *
 * @param routes the endpoints
 * @param onFailure told of errors that are the engine's own fault
 */
export function createApiServer(
  routes: readonly ApiRoute[],
  onFailure: (message: string) => void,
): ApiServer {
  const server = createHttpServer(routes, onFailure);
  const connections = new Set<Socket>();
  server.on("connection", (connection: Socket) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  return {
    listen: async (socketPath) => {
      server.listen(socketPath);
      await once(server, "listening");
    },
    close: () => {
      server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

function createHttpServer(
  routes: readonly ApiRoute[],
  onFailure: (message: string) => void,
): Server {
  const matchRoute = createRouter<ApiHandler>(routes);
  const server = createServer((message, response) => {
    void handle(matchRoute, { message, body: message, isUpgrade: false }, onFailure).then(
      (answer) => sendAnswer(response, answer),
    );
  });
  server.on("upgrade", (message: IncomingMessage, connection: Duplex, head: Buffer) => {
    connection.on("error", () => undefined); // a client that leaves; "close" follows
    if (!(connection instanceof Socket)) {
      connection.destroy(); // Node's own servers give sockets; only a foreign emitter would not
      return;
    }
    const answer = (body: Readable): Promise<ApiAnswer> =>
      handle(matchRoute, { message, body, isUpgrade: true }, onFailure);
    void serveUpgrade({ message, connection, head }, answer);
  });
  server.on("clientError", (_error, connection) => {
    if (!connection.writable) return;
    connection.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  return server;
}

interface Incoming {
  readonly message: IncomingMessage;
  readonly body: Readable;
  readonly isUpgrade: boolean;
}

async function handle(
  matchRoute: RouteMatcher<ApiHandler>,
  incoming: Incoming,
  onFailure: (message: string) => void,
): Promise<ApiAnswer> {
  const { message } = incoming;
  try {
    const [path = "/", ...query] = (message.url ?? "/").split("?");
    const { handler, params } = findHandler(matchRoute, message.method ?? "GET", path);
    return await handler(toApiRequest(incoming, params, query.join("?")));
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === "ENGINE_FAILED") {
      onFailure(`${message.method} ${message.url}: ${String(error)}`);
    }
    return answerError(error);
  }
}

function findHandler(
  matchRoute: RouteMatcher<ApiHandler>,
  method: string,
  path: string,
): {
  readonly handler: ApiHandler;
  readonly params: Readonly<Record<string, string>>;
} {
  const match = matchRoute(method, path);
  switch (match.kind) {
    case "found":
      return match;
    case "bad-encoding":
      throw new EngineError("BAD_REQUEST", `Cannot read path: ${path}; encode it as UTF-8`);
    case "no-such-method":
    case "no-such-path":
      throw new EngineError(
        "NO_SUCH_ENDPOINT",
        `Cannot answer ${method} ${path}: page not found; the embedded engine has the part of ` +
          "Docker's API that workerd, miniflare and wrangler use",
      );
  }
}

function toApiRequest(
  incoming: Incoming,
  params: Readonly<Record<string, string>>,
  query: string,
): ApiRequest {
  return {
    params,
    query: new URLSearchParams(query),
    body: incoming.body,
    isUpgrade: incoming.isUpgrade,
    json: () => readJson(incoming.body),
  };
}
