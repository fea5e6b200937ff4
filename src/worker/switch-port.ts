import { parsePort } from "../core/port.ts";

const PORT_HEADER = "cf-container-target-port";
const PORT_KEY = "berthPort";

/** A request as the container may see it, and the port that the Worker chose for it. */
export interface PortedRequest {
  readonly port: number | undefined;
  readonly request: Request;
}

/**
 * Sends a request to another port than `defaultPort`: HTTP and WebSocket alike.
 *
 * The port travels in `request.cf`, which only a Worker can write and which survives the stub's
 * `fetch()`. The header `cf-container-target-port` is set too, as `@cloudflare/containers` does,
 * but alone it moves nothing: a client may send it, so without the Worker's word it is dropped.
 * (The development server of Wrangler also takes `cf` from a client that sends `MF-CF-Blob`.)
 *
 * @param request stays usable, but for its body, which moves to the returned request
 * @param port an integer from 1 to 65535
 * @throws {ContainerError} `INVALID_PORT` when `port` is not one
 *
 * @example
 * ```ts
 * return getContainer(env.APP, "a").fetch(switchPort(request, 9090));
 * ```
 */
export function switchPort(request: Request, port: number): Request {
  const target = parsePort(port, "the port of switchPort()");
  const headers = new Headers(request.headers);
  headers.set(PORT_HEADER, String(target));
  return new Request(request, {
    headers,
    cf: { ...request.cf, [PORT_KEY]: target },
  });
}

/**
 * Reads which port the Worker chose, and takes our header away from what the app will see.
 *
 * A request without the header is passed on untouched, since this is on the path of every request
 * and neither a copy nor reading `cf` is free.
 *
 * @param request as it came to the Durable Object
 */
export function portFromRequest(request: Request): PortedRequest {
  if (!request.headers.has(PORT_HEADER)) return { port: undefined, request };
  const chosen: unknown = request.cf?.[PORT_KEY];
  const headers = new Headers(request.headers);
  headers.delete(PORT_HEADER);
  return {
    port: chosen === undefined ? undefined : parsePort(chosen, "the port of switchPort()"),
    request: new Request(request, { headers }),
  };
}
