import type { FakeContainer } from "../fake-container.ts";
import type { Incarnation } from "./incarnation.ts";
import type { World } from "./world.ts";

/** What a life's view of its container stands on. */
export interface ViewGround {
  readonly world: World;
  readonly life: Incarnation;
  readonly plan: { readonly container: FakeContainer };
  note(what: string): void;
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
  const { life } = ground;
  return new Proxy(ground.plan.container, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name === "getTcpPort") {
        return (port: number) => (life.check(), portView(ground, target.getTcpPort(port)));
      }
      return (...args: unknown[]): unknown => {
        life.check();
        ground.note(`container ${String(name)}`);
        if (name === "setInactivityTimeout") ground.onFloor(Number(args[0]));
        const result: unknown = Reflect.apply(member, target, args);
        return result instanceof Promise ? io(ground, () => result) : result;
      };
    },
    set: () => false,
  });
}

/** Waits as a life does: held meanwhile, told when an event may reach it, never once it is over. */
async function io<Result>(ground: ViewGround, begin: () => Promise<Result>): Promise<Result> {
  const { world, life } = ground;
  const { section } = world;
  const release = life.hold();
  const told = async (): Promise<void> => {
    if (!life.isDead) await world.scheduler.latency(world.latency.containerMs, life);
    await life.gate.admit(section);
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
      if (response.body !== null) holdReaders(ground, response.body);
      return response;
    },
    connect: (address: string): unknown => port.connect(address),
  };
}

/**
 * Code of the object that reads a body part by part keeps the object in memory; a pipe, or a client
 * that is handed the body, does not.
 */
function holdReaders({ world, life }: ViewGround, body: ReadableStream): void {
  const open = body.getReader.bind(body) as (...args: unknown[]) => object;
  const getReader = (...args: unknown[]): unknown => {
    const reader = open(...args);
    const read: unknown = Reflect.get(reader, "read");
    if (typeof read !== "function") return reader;
    const value = (...views: unknown[]): Promise<unknown> => {
      const part = Reflect.apply(read, reader, views) as Promise<unknown>;
      return world.current === life ? life.holdDuring(part) : part;
    };
    return Object.defineProperty(reader, "read", { value });
  };
  Object.defineProperty(body, "getReader", { value: getReader, configurable: true });
}
