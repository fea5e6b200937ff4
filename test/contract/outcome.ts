import type { Observation } from "./contract-case.ts";

/** What became of a call: what it returned, or how it failed, and when. */
export async function outcome(call: () => unknown): Promise<Observation> {
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    return { threw: describeError(error) };
  }
  try {
    return { resolved: toObservation(await returned) };
  } catch (error) {
    return { rejected: describeError(error) };
  }
}

/** An error as data: its name, its text, and what was put on it. */
function describeError(error: unknown): Observation {
  if (!(error instanceof Error)) return { thrown: toObservation(error) };
  // A DOMException has its code of its own in workerd, and of its class in Node.
  const isOwn = (name: string): boolean =>
    name !== "stack" && !(name === "code" && error.name === "DataCloneError");
  const own = Object.entries(error).filter(([name]) => isOwn(name));
  const properties = own.map(([name, value]): [string, Observation] => [
    name,
    name === "durableObjectId" ? typeof value : toObservation(value),
  ]);
  return { name: error.name, message: error.message, ...Object.fromEntries(properties) };
}

/** A value as data; `undefined` becomes the word, which JSON has no other way to tell. */
export function toObservation(value: unknown): Observation {
  if (value === undefined) return "undefined";
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(toObservation);
  if (typeof value !== "object") return typeof value;
  const entries = Object.entries(value).map(([name, part]) => [name, toObservation(part)]);
  return Object.fromEntries(entries) as Record<string, Observation>; // what fromEntries made of them
}
