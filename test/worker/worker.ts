import { Container } from "../../src/worker/container.ts";
import type { StopParams } from "../../src/worker/container-types.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";
import { installContainer } from "../../src/testing/install-container.ts";

/** What a test wants of one instance. */
export interface BoxPlan {
  /** How its container behaves. */
  readonly container?: FakeContainerOptions;
  /** Fields of the class. */
  readonly fields?: Partial<Container>;
  readonly onStart?: (box: Box) => void | Promise<void>;
  readonly onStop?: (box: Box, params: StopParams) => void | Promise<void>;
  readonly onActivityExpired?: (box: Box) => Promise<void>;
}

/** What a test sees of one instance; it outlives the object, as its container does. */
export interface BoxRecord {
  readonly plan: BoxPlan;
  readonly container: FakeContainer;
  /** Hooks in the order of their calls. */
  readonly hooks: string[];
  readonly stops: StopParams[];
  readonly errors: unknown[];
  readonly ticks: unknown[];
}

const records = new Map<string, BoxRecord>();

/** Plans the instance of an object that does not exist yet. */
export function planBox(id: DurableObjectId, plan: BoxPlan = {}): BoxRecord {
  const record: BoxRecord = {
    plan,
    container: new FakeContainer({ ports: [8080], ...plan.container }),
    hooks: [],
    stops: [],
    errors: [],
    ticks: [],
  };
  records.set(id.toString(), record);
  return record;
}

function recordOf(ctx: DurableObjectState): BoxRecord {
  return records.get(ctx.id.toString()) ?? planBox(ctx.id);
}

/** The container class that the Worker tests drive. */
export class Box extends Container {
  override defaultPort = 8080;
  readonly record: BoxRecord;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    const record = recordOf(ctx);
    super(installContainer(ctx, record.container), env);
    this.record = record;
    Object.assign(this, record.plan.fields);
  }

  override async onStart(): Promise<void> {
    this.record.hooks.push("start");
    await this.record.plan.onStart?.(this);
  }

  override async onStop(params: StopParams): Promise<void> {
    this.record.hooks.push("stop");
    this.record.stops.push(params);
    await this.record.plan.onStop?.(this, params);
  }

  override async onActivityExpired(): Promise<void> {
    this.record.hooks.push("expired");
    await (this.record.plan.onActivityExpired?.(this) ?? super.onActivityExpired());
  }

  override onError(error: unknown): void {
    this.record.errors.push(error);
  }

  setSleepAfter(sleepAfter: string): void {
    this.sleepAfter = sleepAfter;
  }

  tick(payload: unknown): void | Promise<void> {
    this.record.ticks.push(payload);
  }

  failingTick(): void {
    throw new Error("tick failed");
  }
}

/** A container class that is missing from `containers`, so that it has no `ctx.container`. */
export class Forgotten extends Container {}

/** A container class declared by `new_classes`, so that its storage has no SQLite. */
export class Outdated extends Container {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(installContainer(ctx, new FakeContainer()), env);
  }
}

/** Echoes what a Durable Object gets of a request that a Worker made. */
export default {
  fetch: (request: Request, env: Cloudflare.Env): Promise<Response> =>
    env.BOX.getByName(new URL(request.url).hostname).fetch(request),
} satisfies ExportedHandler<Cloudflare.Env>;
