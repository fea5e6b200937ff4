import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parsePort } from "../port.ts";
import { readText } from "./read-text.ts";
import type { ProbeRequestInit, ReadinessCheck } from "./readiness-check.ts";

/** What {@link http} asks, and what it expects. */
export interface HttpCheckOptions {
  /** Port asked. Default: `defaultPort`, else the first of `requiredPorts`. */
  readonly port?: number;
  /**
   * Status that means ready: one, any of several, or what a function says; all others are "not
   * yet". Default: any below 500.
   */
  readonly status?: number | readonly number[] | ((status: number) => boolean);
  /** Default: `GET`. */
  readonly method?: string;
  /** Headers of the request. */
  readonly headers?: HeadersInit;
  /** What the app sees as `Host`. Default: that of `pingEndpoint`. */
  readonly host?: string;
  /**
   * What the answer's body must contain, match, or satisfy; its first 64 KiB are read. Default:
   * the body is not looked at.
   */
  readonly body?: string | RegExp | ((body: string) => boolean | Promise<boolean>);
}

/** As much of a body as a check looks at. */
const MAX_BODY_BYTES = 64 * 1_024;

/**
 * Makes a check that asks the app over HTTP. Redirects are answers; they are not followed.
 *
 * @param path path and query, for example `"/healthz"`
 * @throws {ContainerError} `INVALID_CONFIG`, `INVALID_PORT` when an argument cannot work
 * @example
 * ```ts
 * class App extends Container {
 *   override ready = http("/healthz", { status: 200, body: "ok" });
 * }
 * ```
 */
export function http(path: string, options: HttpCheckOptions = {}): ReadinessCheck {
  const isStatus = parseStatus(options.status);
  const isBody = parseBody(options.body);
  const url = parseUrl(path, options.host);
  const init = parseInit(options);
  return async (probe) => {
    const response = await probe.fetch(url, init);
    if (!isStatus(response.status)) return false;
    return isBody === undefined || isBody(await readText(response, MAX_BODY_BYTES));
  };
}

function parseStatus(status: HttpCheckOptions["status"]): (status: number) => boolean {
  if (status === undefined) return (found) => found < 500;
  if (typeof status === "function") return status;
  const wanted: readonly unknown[] = Array.isArray(status) ? status : [status];
  const wrong = wanted.find((one) => !isHttpStatus(one));
  if (wanted.length > 0 && wrong === undefined) return (found) => wanted.includes(found);
  const what = wanted.length === 0 ? "an empty list" : shown(wrong);
  throw refusal(`status ${what} is none of HTTP`, "integers from 200 to 599, or a function");
}

function isHttpStatus(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 200 && value <= 599;
}

function parseBody(
  body: HttpCheckOptions["body"],
): ((text: string) => boolean | Promise<boolean>) | undefined {
  if (body === undefined || typeof body === "function") return body;
  if (typeof body === "string") return (text) => text.includes(body);
  // search() ignores where a global expression's last match ended
  if (body instanceof RegExp) return (text) => text.search(body) >= 0;
  throw refusal(`body ${shown(body)} cannot be looked for`, "a text, a RegExp or a function");
}

function parseUrl(path: unknown, host: unknown): string {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw refusal(`path ${shown(path)} does not begin with a slash`, 'a path such as "/healthz"');
  }
  if (host === undefined) return path;
  if (typeof host === "string" && /^[^\s/?#@]+$/.test(host) && URL.canParse(`http://${host}`)) {
    return `http://${host}${path}`;
  }
  throw refusal(`host ${shown(host)} is none`, 'a name such as "app.example"');
}

function parseInit({ port, method, headers }: HttpCheckOptions): ProbeRequestInit {
  if (method !== undefined && !/^[A-Za-z]+$/.test(method)) {
    throw refusal(`method ${shown(method)} is none of HTTP`, 'a method such as "HEAD"');
  }
  return {
    ...(port === undefined ? {} : { port: parsePort(port, "port of http()") }),
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(headers === undefined ? {} : { headers: parseHeaders(headers) }),
  };
}

function parseHeaders(headers: HeadersInit): Headers {
  try {
    return new Headers(headers);
  } catch (error) {
    const text = error instanceof Error ? error.message : shown(error);
    throw refusal(`headers cannot be sent (${text})`, "names and values that HTTP allows");
  }
}

function refusal(fault: string, remedy: string): ContainerError {
  return new ContainerError("INVALID_CONFIG", `Cannot use http(): ${fault}; use ${remedy}`);
}
