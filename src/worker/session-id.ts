import { parseDuration, type Duration } from "../core/duration.ts";
import { writeCookie } from "../core/routing/cookie.ts";
import { checkSession, DEFAULT_RULES, type SessionRules } from "../core/routing/session-rules.ts";
import {
  checkSources,
  nameSource,
  readSource,
  type SessionSource,
} from "../core/routing/session-source.ts";
import { ContainerError } from "../errors/container-error.ts";
import { readJsonBody, type JsonBody } from "./read-json-body.ts";

/** The cookie that carries a new session to its next request. */
export interface SessionCookie {
  /** Its name. A request that has it is known by it, after the sources of `from`. */
  readonly cookie: string;
  /** How long the client keeps it (default: `"30d"`). */
  readonly maxAge?: Duration;
  /** Default: `"Lax"`. */
  readonly sameSite?: "Lax" | "Strict" | "None";
  /** Default: the host of the request only. */
  readonly domain?: string;
}

/** Where {@link sessionId} looks, and what it takes. */
export interface SessionOptions {
  /** One place, or several in the order in which they count: the first that has a value decides. */
  readonly from: SessionSource | readonly SessionSource[];
  /** Gives a request without a session a new one (default: it is an error). */
  readonly mint?: SessionCookie;
  /** The longest id that is allowed, in characters (default: 128). */
  readonly maxLength?: number;
  /** What the whole id must match (default: letters, digits and `_ . : @ -`). */
  readonly pattern?: RegExp;
  /** A JSON body longer than this is not looked into, in bytes (default: 1 MiB). */
  readonly maxBodyBytes?: number;
}

/** The session of one request. */
export interface Session {
  /** What to route by. */
  readonly id: string;
  /** Whether it was made for this request. */
  readonly isNew: boolean;
  /** Adds the `Set-Cookie` of a new session; returns the response as it is for any other. */
  apply(response: Response): Response;
}

/**
 * Finds the session that a request belongs to. The request stays usable, its body too.
 *
 * @param request as the client sent it, its body unread if `from` has a `json`
 * @param options where to look, and whether to give a new session to a request that has none
 * @throws {ContainerError} `INVALID_SESSION` (400) when there is none, naming where it looked, or
 * when it breaks the rules; `INVALID_ARGUMENT` when the options cannot work
 *
 * @example By a header, or else by the JSON body
 * ```ts
 * const { id } = await sessionId(request, {
 *   from: [{ header: "session-id" }, { json: "session-id" }],
 * });
 * return getContainer(env.APP, id).fetch(request);
 * ```
 *
 * @example For browsers: a cookie, made at the first visit
 * ```ts
 * const session = await sessionId(request, {
 *   from: { cookie: "session" },
 *   mint: { cookie: "session", maxAge: "7d" },
 * });
 * return session.apply(await getContainer(env.APP, session.id).fetch(request));
 * ```
 */
export async function sessionId(request: Request, options: SessionOptions): Promise<Session> {
  const { from, mint } = options;
  const given = "length" in from ? from : [from];
  const sources = mint ? [...given, { cookie: mint.cookie }] : given;
  checkSources(sources);
  const newCookie = mint && cookieOf(mint, request.url);
  const found = await look(request, sources, options);
  if (found.id !== undefined) return { id: found.id, isNew: false, apply: (response) => response };
  if (newCookie === undefined) {
    throw new ContainerError(
      "INVALID_SESSION",
      `Cannot find the session of the request: looked in ${found.looked.join(", ")}; send it in one of them`,
    );
  }
  const id = crypto.randomUUID();
  return { id, isNew: true, apply: (response) => withCookie(response, newCookie(id)) };
}

interface Found {
  readonly id?: string;
  /** The sources that had nothing. */
  readonly looked: readonly string[];
}

async function look(
  request: Request,
  sources: readonly SessionSource[],
  options: SessionOptions,
): Promise<Found> {
  const head = { url: new URL(request.url), header: (name: string) => request.headers.get(name) };
  const looked: string[] = [];
  let body: JsonBody | undefined;
  for (const source of sources) {
    if ("json" in source) body ??= await readJsonBody(request, options.maxBodyBytes ?? 1_048_576);
    const id = checked(readSource(source, head, body?.value), source, options);
    if (id !== undefined) return { id, looked };
    const problem = "json" in source ? body?.problem : undefined;
    looked.push(nameSource(source) + (problem === undefined ? "" : ` (${problem})`));
  }
  return { looked };
}

function checked(
  value: unknown,
  source: SessionSource,
  options: SessionOptions,
): string | undefined {
  if (value === undefined) return undefined;
  const session = checkSession(value, { ...DEFAULT_RULES, ...definedRules(options) });
  if (session.ok) return session.id;
  // A cookie of ours that breaks the rules is an old one: a new one mends it, an error never would.
  if (options.mint && "cookie" in source && source.cookie === options.mint.cookie) return undefined;
  throw new ContainerError(
    "INVALID_SESSION",
    `Cannot use the session of the request: ${nameSource(source)} ${session.reason}`,
  );
}

function definedRules({ maxLength, pattern }: SessionOptions): Partial<SessionRules> {
  return { ...(maxLength !== undefined && { maxLength }), ...(pattern && { pattern }) };
}

function cookieOf(mint: SessionCookie, url: string): (id: string) => string {
  const maxAgeMs = parseDuration(mint.maxAge ?? "30d", "mint.maxAge");
  // A browser drops a Secure cookie of plain HTTP, which is what local development speaks.
  const isSecure = new URL(url).protocol === "https:";
  const { domain, sameSite = "Lax" } = mint;
  return (id) => writeCookie(mint.cookie, id, { maxAgeMs, domain, sameSite, isSecure });
}

function withCookie(response: Response, cookie: string): Response {
  const changed = new Response(response.body, response);
  changed.headers.append("set-cookie", cookie);
  return changed;
}
