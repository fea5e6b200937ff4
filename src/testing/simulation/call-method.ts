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

/** A call by a stub. */
export interface RpcCall {
  readonly method: string;
  readonly args: readonly unknown[];
  /** Whose method it is. */
  readonly objectId: string;
}

/**
 * Calls a method as a stub does: none of those that are not for that, with copies of the arguments
 * and of the result.
 */
export async function callByRpc(instance: object, call: RpcCall): Promise<unknown> {
  const { method, args, objectId } = call;
  try {
    checkCallable(instance, method);
    const given = args.map((arg) => rpcCopy(arg));
    return rpcCopy(await thrownBy(objectId, () => callMethod(instance, method, given)));
  } catch (error) {
    throw remote(rpcError(error));
  }
}

/** Has an object answer a request; what it throws arrives as a copy. */
export async function callFetch(instance: object, request: Request): Promise<Response> {
  try {
    return (await callMethod(instance, "fetch", [request])) as Response;
  } catch (error) {
    throw remote(rpcError(error));
  }
}

/** What code of an object throws tells, on the other side, whose it was. */
async function thrownBy<Result>(objectId: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const copy = rpcError(error);
    throw copy instanceof Error ? Object.assign(copy, { durableObjectId: objectId }) : copy;
  }
}

function remote(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { remote: true }) : error;
}

function checkCallable(instance: object, name: string): void {
  if (RESERVED.has(name)) {
    throw new TypeError(`'${name}' is a reserved method and cannot be called over RPC.`);
  }
  const prototype = Object.getPrototypeOf(instance) as object;
  if (name in prototype && !(name in Object.prototype)) return;
  throw new TypeError(`The RPC receiver does not implement the method "${name}".`);
}
