import { EngineError } from "../engine-error.ts";

/** A JSON object of unchecked values. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the value as an object; `{}` when absent or null */
export function objectField(object: JsonObject, name: string): JsonObject {
  const value = object[name] ?? {};
  if (!isJsonObject(value)) throw wrongType(name, "an object", value);
  return value;
}

/** @returns the value as a string; undefined when absent, null or empty, as Docker reads it */
export function stringField(object: JsonObject, name: string): string | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw wrongType(name, "a string", value);
  return value;
}

/** @returns whether the value is true; false when absent or null */
export function booleanField(object: JsonObject, name: string): boolean {
  const value = object[name] ?? false;
  if (typeof value !== "boolean") throw wrongType(name, "true or false", value);
  return value;
}

/** @returns a list of strings (a lone string counts as one); undefined when absent or null */
export function stringListField(object: JsonObject, name: string): readonly string[] | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined) return undefined;
  const list: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list)) throw wrongType(name, "a list of strings", value);
  return list.map((item: unknown) => {
    if (typeof item !== "string") throw wrongType(name, "a list of strings", value);
    return item;
  });
}

/** @returns an object whose values are all strings; `{}` when absent or null */
export function stringMapField(object: JsonObject, name: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectField(object, name)).map(([key, value]) => {
    if (typeof value !== "string") throw wrongType(`${name}.${key}`, "a string", value);
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether a parsed JSON value is an object (not a list, not null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(name: string, wanted: string, value: unknown): EngineError {
  const shown = JSON.stringify(value).slice(0, 100);
  return new EngineError("BAD_REQUEST", `Cannot read ${name}: ${shown}; give ${wanted}`);
}
