import { ContainerError } from "../errors/container-error.ts";

/** The name of the instance that {@link getContainer} gives when it is asked for none. */
const singletonContainerId = "cf-singleton-container";

/**
 * Gets the stub of one instance. Starts nothing: its first request does.
 *
 * @param binding the Durable Object binding of the container class, for example `env.APP`
 * @param name which instance: the same name is the same instance (default: one for all)
 * @throws {ContainerError} `NO_BINDING` when `binding` is not one
 *
 * @example
 * ```ts
 * const { id } = await sessionId(request, { from: { header: "session-id" } });
 * return getContainer(env.APP, id).fetch(request);
 * ```
 */
export function getContainer<T extends Rpc.DurableObjectBranded | undefined>(
  binding: DurableObjectNamespace<T>,
  name: string = singletonContainerId,
): DurableObjectStub<T> {
  // JavaScript callers, and an Env type that the configuration does not keep, get here with nothing.
  const given: Partial<DurableObjectNamespace<T>> | undefined = binding;
  if (typeof given?.idFromName !== "function") {
    throw new ContainerError(
      "NO_BINDING",
      `Cannot get a container: the binding is ${given === undefined ? "undefined" : "no Durable Object namespace"}; add its name to "durable_objects" and its class to "containers" and "migrations" of the Wrangler configuration`,
    );
  }
  return binding.get(binding.idFromName(name));
}
