import { placedName, type Placement } from "../core/routing/placement.ts";
import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

/** The name of the instance that {@link getContainer} gives when it is asked for none. */
const singletonContainerId = "cf-singleton-container";

/**
 * Gets the stub of one instance. Starts nothing: its first request does.
 *
 * @param binding the Durable Object binding of the container class, for example `env.APP`
 * @param name which instance: the same name is the same instance (default: one for all)
 * @param placement where it is to live (default: near its first request)
 * @throws {ContainerError} `NO_BINDING` when `binding` is not one; `INVALID_ARGUMENT` when the
 * placement is none that the platform has
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
  placement: Placement = {},
): DurableObjectStub<T> {
  // JavaScript callers, and an Env type that the configuration does not keep, get here with nothing.
  const given: Partial<DurableObjectNamespace<T>> | undefined = binding;
  if (typeof given?.idFromName !== "function") {
    throw new ContainerError(
      "NO_BINDING",
      `Cannot get a container: the binding is ${given === undefined ? "undefined" : "no Durable Object namespace"}; add its name to "durable_objects" and its class to "containers" and "migrations" of the Wrangler configuration`,
    );
  }
  const { locationHint, jurisdiction } = placement;
  const namespace = within(binding, jurisdiction);
  const id = namespace.idFromName(placedName(name, locationHint));
  return locationHint === undefined ? namespace.get(id) : namespace.get(id, { locationHint });
}

function within<T extends Rpc.DurableObjectBranded | undefined>(
  binding: DurableObjectNamespace<T>,
  jurisdiction: DurableObjectJurisdiction | undefined,
): DurableObjectNamespace<T> {
  if (jurisdiction === undefined) return binding;
  try {
    return binding.jurisdiction(jurisdiction);
  } catch (cause) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot place a container: ${shown(jurisdiction)} is no jurisdiction that the platform has; use "eu", say`,
      { cause },
    );
  }
}
