import { rpcCopy, rpcError } from "./rpc-copy.ts";

/** Methods that the platform calls, and nobody else. */
const RESERVED = new Set([
  "alarm",
  "connect",
  "constructor",
  "fetch",
  "scheduled",
  "tail",
  "webSocketClose",
  "webSocketError",
  "webSocketMessage",
]);

/** Calls a method of a user's object by its name, as the platform does. */
export async function callMethod(
  instance: object,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const method: unknown = Reflect.get(instance, name);
  if (typeof method !== "function") {
    throw new TypeError(`The RPC receiver does not implement the method "${name}".`);
  }
  return await (Reflect.apply(method, instance, args) as unknown);
}

/**
 * Calls a method as a stub does: none of those that are not for that, with copies of the arguments
 * and of the result.
 */
export async function callByRpc(
  instance: object,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  try {
    checkCallable(instance, name);
    const given = args.map((arg) => rpcCopy(arg));
    return rpcCopy(await callMethod(instance, name, given));
  } catch (error) {
    throw rpcError(error);
  }
}

function checkCallable(instance: object, name: string): void {
  if (RESERVED.has(name)) {
    throw new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);
  }
  const prototype = Object.getPrototypeOf(instance) as object;
  if (name in prototype && !(name in Object.prototype)) return;
  if (!(name in instance) || name in Object.prototype) {
    throw new TypeError(`The RPC receiver does not implement the method "${name}".`);
  }
  throw new TypeError(
    `The RPC receiver's prototype does not implement "${name}", but the receiver instance does.\n` +
      "Only properties and methods defined on the prototype can be accessed over RPC.",
  );
}
