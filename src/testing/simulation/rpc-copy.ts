/**
 * A value as it arrives at the other end of a call: data is copied, what stands for something else
 * (functions, streams, requests, stubs) is handed on as it is.
 *
 * @throws {DOMException} `DataCloneError` for what no call can carry
 */
export function rpcCopy(value: unknown, copies = new Map<unknown, unknown>()): unknown {
  if (isPlain(value) || typeof value === "function" || isReference(value)) return value;
  if (copies.has(value)) return copies.get(value);
  if (Array.isArray(value) || isRecord(value)) return partsCopy(value, copies);
  if (value instanceof Error) return rpcError(value);
  if (isStructured(value)) return structuredClone(value);
  throw new DOMException(
    `Could not serialize object of type "${typeName(value)}". This type does not support serialization.`,
    "DataCloneError",
  );
}

function partsCopy(value: object, copies: Map<unknown, unknown>): object {
  const copy: object = Array.isArray(value) ? [] : {};
  copies.set(value, copy);
  for (const [name, part] of Object.entries(value)) Reflect.set(copy, name, rpcCopy(part, copies));
  return copy;
}

/** An error as it arrives: its words and its own facts, of no class but the language's own. */
export function rpcError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const facts = Object.entries(error).filter(([, fact]) => isPlain(fact));
  return Object.assign(copyOf(error), Object.fromEntries(facts));
}

function copyOf(error: Error): Error {
  if (error instanceof DOMException) return new DOMException(error.message, error.name);
  const Type = LANGUAGE_ERRORS.find((type) => error instanceof type) ?? Error;
  return Object.assign(new Type(error.message), { stack: error.stack });
}

const LANGUAGE_ERRORS = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const STRUCTURED: readonly (abstract new (...args: never[]) => object)[] = [
  Map,
  Set,
  RegExp,
  ArrayBuffer,
];

function isStructured(value: unknown): boolean {
  if (ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object Date]") {
    return true;
  }
  return STRUCTURED.some((type) => value instanceof type);
}

/** What workerd hands to the other side as something that stands for the original. */
const REFERENCES = [
  "AbortSignal",
  "EventTarget",
  "Headers",
  "ReadableStream",
  "Request",
  "Response",
  "RpcTarget",
  "WritableStream",
];

function isReference(value: unknown): boolean {
  for (let one: unknown = value; typeof one === "object" && one !== null;) {
    one = Object.getPrototypeOf(one);
    if (REFERENCES.includes(typeName(one))) return true;
  }
  return false;
}

function typeName(value: unknown): string {
  const type: unknown = typeof value === "object" && value !== null ? value.constructor : undefined;
  return typeof type === "function" ? type.name : typeof value;
}
