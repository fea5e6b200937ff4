import type { Placement } from "../core/routing/placement.ts";
import { randomInstance } from "../core/routing/random-instance.ts";
import { getContainer } from "./get-container.ts";

/**
 * Gets the stub of one of a fixed number of instances by chance: for apps that keep no session.
 *
 * @param binding the Durable Object binding of the container class
 * @param instances how many to spread over, an integer from 1 up (default: 3)
 * @param placement where they are to live (default: near their first requests)
 * @throws {ContainerError} `INVALID_ARGUMENT` when `instances` is less than 1 or no integer;
 * `NO_BINDING` when `binding` is not one
 */
export async function getRandom<T extends Rpc.DurableObjectBranded | undefined>(
  binding: DurableObjectNamespace<T>,
  instances = 3,
  placement: Placement = {},
): Promise<DurableObjectStub<T>> {
  return getContainer(binding, randomInstance(instances, Math.random()), placement);
}
