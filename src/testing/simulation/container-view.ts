import type { FakeContainer } from "../fake-container.ts";
import type { Incarnation } from "./incarnation.ts";
import type { World } from "./world.ts";

/** What a life's view of its container stands on. */
export interface ViewGround {
  readonly world: World;
  readonly life: Incarnation;
  readonly container: FakeContainer;
  /** Told how long the container is to outlive the object. */
  onFloor(durationMs: number): void;
  /** Told which answers come from the container as they are. */
  onAnswer(response: Response): void;
}

/**
 * `ctx.container` of one life. What it waits for holds the object; once that life is over, nothing
 * it waits for comes.
 */
export function containerView(ground: ViewGround): object {
  const { container, life } = ground;
  const alive = (): void => {
    if (life.isDead)
      throw new Error("Cannot perform I/O on behalf of a Durable Object that was reset.");
  };
  return new Proxy(container, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
      if (name === "start" || name === "signal")
        return (...args: unknown[]) => (alive(), call(...args));
      if (name === "getTcpPort")
        return (port: number) => (alive(), portView(ground, target.getTcpPort(port)));
      return (...args: unknown[]) => {
        alive();
        if (name === "setInactivityTimeout") ground.onFloor(Number(args[0]));
        const result = call(...args);
        return result instanceof Promise ? io(ground, () => result) : result;
      };
    },
    set: () => false,
  });
}

/** Waits as a life does: held meanwhile, told in a turn of its own, never once it is over. */
export async function io<Result>(
  ground: ViewGround,
  begin: () => Promise<Result>,
): Promise<Result> {
  const { world, life } = ground;
  const release = life.hold();
  const told = async (): Promise<void> => {
    if (!life.isDead) await world.scheduler.latency(world.latency.containerMs, life);
    if (life.isDead) await new Promise(() => {});
  };
  try {
    const result = await begin();
    await told();
    return result;
  } catch (error) {
    await told();
    throw error;
  } finally {
    release();
  }
}

function portView(ground: ViewGround, port: Fetcher): object {
  return {
    fetch: async (input: RequestInfo, init?: RequestInit): Promise<Response> => {
      const response = await io(ground, () => ground.world.leave(() => port.fetch(input, init)));
      ground.onAnswer(response);
      return response;
    },
    connect: (address: string): unknown => port.connect(address),
  };
}
