import { ImageError } from "../image-error.ts";
import type { Registry, RegistryCall } from "./open-registry.ts";

/** A list that comes in pages. */
export interface PagedList extends Pick<RegistryCall, "purpose" | "registryHost" | "scopes"> {
  readonly path: string;
  /** The field of each page that holds the names. */
  readonly field: string;
}

const PAGE_LIMIT = 10_000;

/** Reads all pages of a list, by the Link header from one to the next. */
export async function listPages(registry: Registry, list: PagedList): Promise<readonly string[]> {
  const { registryHost, scopes, purpose } = list;
  const names: string[] = [];
  let next: string | URL | undefined = list.path;
  for (let page = 0; next !== undefined && page < PAGE_LIMIT; page += 1) {
    const answer = await registry.ask({ method: "GET", path: next, registryHost, scopes, purpose });
    const found = readNames(answer.bytes.toString("utf8"), list);
    names.push(...found);
    const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(answer.header("link") ?? "")?.[1];
    const isEnd = link === undefined || found.length === 0 || !URL.canParse(link, answer.url.href);
    next = isEnd ? undefined : new URL(link, answer.url);
  }
  return names;
}

function readNames(text: string, { field, purpose, registryHost }: PagedList): readonly string[] {
  const names = fieldOf(text, field);
  if (names === null) return []; // what some registries say of an empty list
  if (Array.isArray(names)) return names.filter((name) => typeof name === "string");
  throw new ImageError(
    "REGISTRY_FAILED",
    `Cannot ${purpose}: ${registryHost} answers without a list of ${field}`,
  );
}

function fieldOf(text: string, field: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return undefined;
    return (body as Readonly<Record<string, unknown>>)[field];
  } catch {
    return undefined; // no JSON has no list
  }
}
