import { ContainerError } from "../../errors/container-error.ts";
import { isToken, readCookie } from "./cookie.ts";
import { isPathSource, pathSegment } from "./path-segment.ts";

/**
 * Where a request may name its session: a header; a cookie; a path segment, by its index from 0 or
 * by a pattern such as `"/sessions/:id"`; a query parameter; a key of the JSON body, or the keys
 * that lead to it.
 */
export type SessionSource =
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly path: number | string }
  | { readonly query: string }
  | { readonly json: string | readonly string[] };

/** What all sources but the body are read from. */
export interface RequestHead {
  readonly url: URL;
  readonly header: (name: string) => string | null;
}

/**
 * Reads what `source` says, unchecked. An empty value is no value.
 *
 * @param json the parsed body, for a source in it
 */
export function readSource(source: SessionSource, head: RequestHead, json?: unknown): unknown {
  const value = readRaw(source, head, json);
  return value === "" || value === null ? undefined : value;
}

/** Names a source as an error does. */
export function nameSource(source: SessionSource): string {
  if ("header" in source) return `header ${JSON.stringify(source.header)}`;
  if ("cookie" in source) return `cookie ${JSON.stringify(source.cookie)}`;
  if ("path" in source) return `path segment ${JSON.stringify(source.path)}`;
  if ("query" in source) return `query parameter ${JSON.stringify(source.query)}`;
  return `JSON key ${JSON.stringify(keysOf(source.json).join("."))}`;
}

/**
 * Checks a list of sources before the first use.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT` naming the source that cannot work
 */
export function checkSources(sources: readonly SessionSource[]): void {
  const wrong = sources.find((source) => !isUsable(source));
  if (sources.length > 0 && wrong === undefined) return;
  const found = wrong === undefined ? "an empty list" : JSON.stringify(wrong);
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot look for the session in ${found}: use { header }, { cookie }, { path: index or "/a/:id" }, { query } or { json: key or [keys] }`,
  );
}

function readRaw(source: SessionSource, { url, header }: RequestHead, json: unknown): unknown {
  if ("header" in source) return header(source.header)?.trim();
  if ("cookie" in source) return readCookie(header("cookie") ?? "", source.cookie);
  if ("path" in source) return pathSegment(url.pathname, source.path);
  if ("query" in source) return url.searchParams.get(source.query);
  return keysOf(source.json).reduce(property, json);
}

function isUsable(source: SessionSource): boolean {
  if ("header" in source) return isToken(source.header);
  if ("cookie" in source) return isToken(source.cookie);
  if ("path" in source) return isPathSource(source.path);
  if ("query" in source) return source.query !== "";
  return "json" in source && keysOf(source.json).length > 0;
}

function property(value: unknown, key: string): unknown {
  const isObject = typeof value === "object" && value !== null && Object.hasOwn(value, key);
  return isObject ? Reflect.get(value, key) : undefined;
}

function keysOf(json: string | readonly string[]): readonly string[] {
  return typeof json === "string" ? [json] : json;
}
