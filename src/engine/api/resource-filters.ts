import { EngineError } from "../engine-error.ts";
import { isJsonObject } from "./json-fields.ts";

/** The `filters` query of a list endpoint: per key the wanted values. */
export type ResourceFilters = Readonly<Record<string, readonly string[]>>;

/** What filters are matched against. */
export interface FilterFacts {
  /** The value of each single-valued key. */
  readonly values: Readonly<Record<string, string>>;
  /** Names without a leading slash. */
  readonly names: readonly string[];
  /** The labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Parses a `filters` query: `{"label":["a=b"]}`, or the older `{"label":{"a=b":true}}`.
 *
 * @param query the decoded query value; null or empty means no filter
 * @param allowedKeys the keys the endpoint knows
 * @throws {EngineError} BAD_REQUEST when it is no such JSON or has an unknown key
 */
export function parseFilters(
  query: string | null,
  allowedKeys: readonly string[],
): ResourceFilters {
  if (query === null || query === "") return {};
  const parsed = parseJson(query);
  if (!isJsonObject(parsed)) throw badFilters(query);
  const filters: Record<string, readonly string[]> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!allowedKeys.includes(key)) {
      throw new EngineError(
        "BAD_REQUEST",
        `Cannot filter by ${JSON.stringify(key)}: give one of ${allowedKeys.join(", ")}`,
      );
    }
    filters[key] = toValues(value, query);
  }
  return filters;
}

/**
 * Whether a resource passes every filter. Labels must all match (`name` or `name=value`); of the
 * other keys one value must. Names match in part, as in Docker.
 */
export function matchesFilters(filters: ResourceFilters, facts: FilterFacts): boolean {
  return Object.entries(filters).every(([key, wanted]) => {
    if (wanted.length === 0) return true;
    if (key === "label") return wanted.every((label) => hasLabel(facts.labels, label));
    if (key === "name") {
      return wanted.some((part) => facts.names.some((name) => name.includes(part)));
    }
    if (key === "id") return wanted.some((start) => facts.values["id"]?.startsWith(start) ?? false);
    return wanted.some((value) => facts.values[key] === value);
  });
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, wanted);
  const name = wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && labels[name] === wanted.slice(equals + 1);
}

function toValues(value: unknown, query: string): readonly string[] {
  if (isJsonObject(value)) return Object.keys(value).filter((key) => value[key] === true);
  if (!Array.isArray(value)) throw badFilters(query);
  return value.map((item: unknown) => {
    if (typeof item !== "string") throw badFilters(query);
    return item;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badFilters(text, { cause });
  }
}

function badFilters(query: string, options?: ErrorOptions): EngineError {
  const text = `Cannot read filters: ${query.slice(0, 100)}; give {"label":["name=value"]}`;
  return new EngineError("BAD_REQUEST", text, options);
}
