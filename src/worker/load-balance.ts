import { getRandom } from "./get-random.ts";

/**
 * Gets one of a fixed number of instances by chance.
 *
 * @deprecated Use {@link getRandom}, which is the same under the better name.
 */
export async function loadBalance<T extends Rpc.DurableObjectBranded | undefined>(
  binding: DurableObjectNamespace<T>,
  instances = 3,
): Promise<DurableObjectStub<T>> {
  return getRandom(binding, instances);
}
