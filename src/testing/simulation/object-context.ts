import { containerView } from "./container-view.ts";
import type { HibernatingSockets } from "./hibernation.ts";
import type { Incarnation } from "./incarnation.ts";
import type { ObjectData } from "./object-data.ts";
import { objectStorage, type ObjectAlarm } from "./object-storage.ts";
import type { ObjectPlan } from "./object-plan.ts";
import { aborted, blockedTooLong } from "./platform-errors.ts";
import type { World } from "./world.ts";

/** The platform resets an object whose critical section takes longer. */
const BLOCK_MS = 30_000;

/** What `ctx` of one life stands on. */
export interface ContextGround {
  readonly world: World;
  readonly life: Incarnation;
  readonly plan: ObjectPlan;
  readonly data: ObjectData;
  readonly alarm: ObjectAlarm;
  readonly sockets: HibernatingSockets;
  /** Ends the life, and whatever waits for it. */
  end(reason: unknown, what: string): void;
  note(what: string): void;
  /** Told how long the container is to outlive the object. */
  onFloor(durationMs: number): void;
  /** Told which bodies come from the container as they are. */
  onAnswer(response: Response): void;
}

/** `ctx` as the constructor of one life is given it. */
export function objectContext(ground: ContextGround): object {
  const { world, life, plan, data, alarm } = ground;
  const own = {
    id: plan.id,
    props: {},
    exports: plan.exports ?? {},
    storage: objectStorage({
      data,
      alarm,
      check: () => life.check(),
      access: () => access(world, life),
      confirmed: () => confirmed(world, life, data),
      exclusively: (work) => block(ground, work),
    }),
    container: containerView(ground),
    waitUntil: (work: Promise<unknown>) =>
      void life.holdDuring(Promise.resolve(work)).catch(() => {}),
    blockConcurrencyWhile: (work: () => Promise<unknown>) => criticalSection(ground, work),
    abort: (reason?: string) => abort(ground, reason),
    ...ground.sockets.context(),
  };
  // The base class of workerd takes a genuine state only, and looks for it along the prototypes.
  if (plan.ctx === undefined) return own;
  const members = Object.getOwnPropertyDescriptors(own);
  return Object.defineProperties(Object.create(plan.ctx) as object, members);
}

/** Resolves when what was written up to now is on disk. */
export async function confirmed(world: World, life: Incarnation, data: ObjectData): Promise<void> {
  const atMs = data.confirmedAtMs;
  if (atMs === undefined) return;
  await new Promise<void>((resolve) => void world.scheduler.at(atMs, resolve, life));
}

function abort(ground: ContextGround, reason?: string): never {
  const error = aborted(reason);
  ground.data.loseTurn();
  ground.end(error, "abort()");
  throw error;
}

/** An asynchronous storage operation: nothing is delivered to the object meanwhile. */
async function access(world: World, life: Incarnation): Promise<void> {
  const operation = life.holdDuring(world.scheduler.latency(world.latency.storageMs, life));
  await life.gate.duringStorage(operation);
  if (life.isDead) await new Promise(() => {});
}

/** Nothing from outside is delivered to the object until `work` is done. */
function block<Result>(ground: ContextGround, work: () => Promise<Result>): Promise<Result> {
  const { world, life } = ground;
  const done = life.gate.block(world.section, (section) =>
    world.enterSection(life, section, async () => await work()),
  );
  return life.holdDuring(done);
}

/** Where it fails, or takes too long, the object is reset. */
function criticalSection<Result>(
  ground: ContextGround,
  work: () => Promise<Result>,
): Promise<Result> {
  const { scheduler, nowMs } = ground.world;
  const late = scheduler.at(nowMs + BLOCK_MS, () => {
    ground.end(blockedTooLong(), "reset by its gate, which took too long");
  });
  const done = block(ground, work);
  done.then(
    () => scheduler.clearTimeout(late),
    (error: unknown) => {
      scheduler.clearTimeout(late);
      ground.end(error, "reset by its gate");
    },
  );
  return done;
}
