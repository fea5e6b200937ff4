import { ContainerError } from "../../errors/container-error.ts";

/** Makes the entrypoint that a container's requests are sent to. */
export type ProxyFactory = (options: { readonly props: object }) => Fetcher;

/** `ctx.exports`, as far as we read it. */
export type WorkerExports = Readonly<Record<string, unknown>>;

/**
 * Finds the entrypoint that the Worker is to export.
 *
 * @throws {ContainerError} `INVALID_CONFIG`, with the line that mends it
 */
export function proxyFactory(exports: WorkerExports | undefined): ProxyFactory {
  if (exports === undefined) {
    throw new ContainerError(
      "INVALID_CONFIG",
      'Cannot apply egress rules: ctx.exports is missing; set "compatibility_date" to 2025-11-17 or later, or add "enable_ctx_exports" to "compatibility_flags"',
    );
  }
  const factory = exports["ContainerProxy"];
  if (typeof factory === "function") return factory as ProxyFactory;
  throw new ContainerError(
    "INVALID_CONFIG",
    'Cannot apply egress rules: the Worker does not export ContainerProxy; add to its main module: export { ContainerProxy } from "@berth/containers"',
  );
}

/**
 * The name under which the Worker exports the class of an object. Class names may be equal or
 * minified; the ids of two namespaces never are.
 *
 * @param id of the object, in hex
 */
export function exportNameOf(exports: WorkerExports | undefined, id: string): string | undefined {
  const entries = Object.entries(exports ?? {});
  return entries.find(([, value]) => isNamespaceOf(value, id))?.[0];
}

/** The stub of an object of this Worker. */
export function stubOf(exports: WorkerExports, name: string, id: string): object {
  const namespace = exports[name] as DurableObjectNamespace;
  return namespace.get(namespace.idFromString(id));
}

// Any property of another kind of export is a remote method, so it is known by its class.
function isNamespaceOf(value: unknown, id: string): boolean {
  if (typeof value !== "function" && typeof value !== "object") return false;
  if (value?.constructor.name.endsWith("Namespace") !== true) return false;
  try {
    return (value as DurableObjectNamespace).idFromString(id).toString() === id;
  } catch {
    return false; // the id of another namespace
  }
}
