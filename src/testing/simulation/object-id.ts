/** How many hex digits an id has. */
const DIGITS = 64;
const WORDS = DIGITS / 8;

/** The id of a name: 64 hex digits that are a pure function of it. */
export function objectId(name: string): DurableObjectId {
  return idOf(hexOf(name), name);
}

/** The id that is written so; it does not tell what it was made of. */
export function parseObjectId(hex: string): DurableObjectId {
  if (/^[0-9a-f]{64}$/.test(hex)) return idOf(hex);
  throw new TypeError("Invalid Durable Object ID: must be 64 hex digits");
}

function idOf(hex: string, name?: string): DurableObjectId {
  const equals = (other: DurableObjectId): boolean => other.toString() === hex;
  return { ...(name !== undefined && { name }), toString: () => hex, equals };
}

function hexOf(name: string): string {
  let hex = "";
  for (let word = 0; word < WORDS; word += 1) {
    let hash = 0x811c9dc5 ^ Math.imul(word + 1, 0x9e3779b9);
    for (let index = 0; index < name.length; index += 1) {
      hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hex += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, "0");
  }
  return hex;
}
