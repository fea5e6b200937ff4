import type { Container } from "../../../src/index.ts";
import { simulate, type SimulatedInstance, type SimulationOptions } from "../../../src/testing.ts";

/** A container class to build on: ours, or that of @cloudflare/containers. */
export interface Subject {
  readonly name: "berth" | "peer";
  readonly Container: AppClass;
  /** What a Worker exports for the egress of its containers. */
  readonly ContainerProxy: object;
}

/** Any container class, whatever its environment. */
export type AppClass = new (ctx: DurableObjectState, env: never, options?: object) => Container;

/** One scenario of those that break the peer: what is done, and what a user must see. */
export interface Scenario {
  readonly number: number;
  readonly title: string;
  run(subject: Subject): Promise<void>;
}

/** Fields and methods of a class, as a user would write them. */
export interface AppPlan {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly methods?: Readonly<Record<string, unknown>>;
  readonly statics?: Readonly<Record<string, unknown>>;
  /** Name of the class (default: one of its own, since the peer tells classes apart by it). */
  readonly className?: string;
}

/** What a scenario plays on. */
export type Box = SimulatedInstance<Container>;

/** More events than any scenario needs: who has so many goes round in circles. */
const MAX_EVENTS = 60_000;

export function scenario(
  number: number,
  title: string,
  run: (subject: Subject) => Promise<void>,
): Scenario {
  return { number, title, run };
}

let classes = 0;

/** A class of the subject with fields and methods of its own. */
export function appClass({ Container: Base }: Subject, plan: AppPlan = {}): AppClass {
  class App extends Base {
    constructor(ctx: DurableObjectState, env: never) {
      super(ctx, env);
      Object.assign(this, { defaultPort: 8080 }, plan.fields); // when fields of a class are set
    }

    override onError(): void {}
  }
  classes += 1;
  Object.defineProperty(App, "name", { value: plan.className ?? `App${classes}` });
  Object.assign(App.prototype, plan.methods);
  Object.assign(App, plan.statics);
  return App;
}

/** Simulates a class of the subject, and stops one that goes round in circles. */
export async function boxOf(
  subject: Subject,
  plan: AppPlan & { readonly options?: SimulationOptions } = {},
): Promise<Box> {
  const box: Box = await simulate(appClass(subject, plan), {
    app: () => new Response("hi"),
    patience: "2h",
    exports: { ContainerProxy: subject.ContainerProxy },
    ...plan.options,
  });
  let events = 0;
  box.world.afterEach(() => {
    events += 1;
    if (events > MAX_EVENTS) throw new Error(`goes round in circles: over ${MAX_EVENTS} events`);
  });
  return box;
}

/** Sends a request as the app in the container does; a connection that is refused is status 0. */
export async function sent(box: Box, url: string): Promise<[number, string]> {
  const request = (): Promise<Response> =>
    box.container.egress.send(url).catch(() => Response.error());
  return await answer(box.world.run(request));
}

/** Calls a method that only some subjects have. */
export async function ability(box: Box, method: string, ...args: unknown[]): Promise<unknown> {
  await box.call("getState");
  if (typeof Reflect.get(box.object ?? {}, method) !== "function") {
    throw new Error(`no such ability: ${method}()`);
  }
  return await box.call(method, ...args);
}

/** The status and the text of an answer. */
export async function answer(response: PromiseLike<Response>): Promise<[number, string]> {
  const given = await response;
  return [given.status, await given.text()];
}

/** What `onStop` was given, call by call. */
export function stops(box: Box): readonly Record<string, unknown>[] {
  return box.callsOf("onStop").map(([params]) => params as Record<string, unknown>);
}

/** An app that answers and counts, by the path that was asked for. */
export function countingApp(): {
  readonly paths: string[];
  readonly app: (request: Request) => Response;
} {
  const paths: string[] = [];
  return {
    paths,
    app: (request) => {
      const { pathname, hostname } = new URL(request.url);
      if (hostname !== "ping") paths.push(pathname);
      return new Response("hi");
    },
  };
}

/** A body that goes on, a part a second, until it is told to end. */
export function endlessBody(delay: (ms: number) => Promise<void>): {
  readonly body: ReadableStream<Uint8Array>;
  end(): void;
} {
  let isOver = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await delay(1_000);
      if (isOver) controller.close();
      else controller.enqueue(new TextEncoder().encode("part"));
    },
  });
  return { body, end: () => void (isOver = true) };
}
