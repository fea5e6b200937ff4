/** How many hex digits an id has, and how many of them say which namespace it is of. */
const DIGITS = 64;
const TAG_DIGITS = 16;
const WORD_DIGITS = 8;

/** The ids of one namespace: 64 hex digits each, of which no other namespace takes any. */
export class ObjectIds {
  readonly #tag: string;

  /** @param namespace what tells this one from others */
  constructor(namespace: string) {
    this.#tag = hexOf(namespace, TAG_DIGITS);
  }

  /** The id of a name: a pure function of it. */
  ofName(name: string): DurableObjectId {
    return idOf(hexOf(name, DIGITS - TAG_DIGITS) + this.#tag, name);
  }

  /** The id that is written so; it does not tell what it was made of. */
  parse(hex: string): DurableObjectId {
    if (!/^[0-9a-f]{64}$/.test(hex)) {
      throw new TypeError("Invalid Durable Object ID: must be 64 hex digits");
    }
    if (hex.endsWith(this.#tag)) return idOf(hex);
    throw new TypeError("Durable Object ID is not valid for this namespace.");
  }

  /** Another id at each call, made of lots. */
  unique(lots: Uint8Array): DurableObjectId {
    const hex = [...lots].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return idOf(hex.slice(0, DIGITS - TAG_DIGITS) + this.#tag);
  }
}

function idOf(hex: string, name?: string): DurableObjectId {
  const equals = (other: DurableObjectId): boolean => other.toString() === hex;
  return { ...(name !== undefined && { name }), toString: () => hex, equals };
}

function hexOf(name: string, digits: number): string {
  let hex = "";
  for (let word = 0; word < digits / WORD_DIGITS; word += 1) {
    let hash = 0x811c9dc5 ^ Math.imul(word + 1, 0x9e3779b9);
    for (let index = 0; index < name.length; index += 1) {
      hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hex += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(WORD_DIGITS, "0");
  }
  return hex;
}
