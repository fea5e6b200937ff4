import { SimulatedInstance, type InstanceOptions } from "./simulated-instance.ts";
import type { ObjectClass } from "./object-plan.ts";
import { World, type WorldOptions } from "./world.ts";

/** How an instance and its world are simulated. */
export type SimulationOptions = InstanceOptions & WorldOptions;

/**
 * Simulates one instance of a container class: its Durable Object, its storage and alarms, its
 * container and its stub, on a clock that moves only while a test waits. What is left to chance is
 * decided by the seed alone: the same seed, the same run, to the byte of its trace.
 *
 * Until it is closed, or another simulation is begun, it has the global clock, timers and lots.
 * In Node it needs the Vitest plugin {@link simulation}, which stands in for `cloudflare:workers`.
 * In vitest-pool-workers, give it the `ctx` of a real object.
 *
 * @param objectClass a class as it is deployed, of this package or any other
 * @throws {ContainerError} from its calls: `NONDETERMINISTIC_IO` when its code awaits what is not
 * simulated
 * @example
 * ```ts
 * const box = await simulate(MyContainer, { app: () => new Response("hi"), bootMs: 800 });
 * expect((await box.fetch("/")).status).toBe(200);
 * await box.advance("10m");
 * expect(box.container.running).toBe(false);
 * ```
 */
export async function simulate<Instance extends object>(
  objectClass: ObjectClass<Instance>,
  options: SimulationOptions = {},
): Promise<SimulatedInstance<Instance>> {
  return new SimulatedInstance(new World(options), objectClass, options);
}
