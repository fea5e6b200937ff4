import { FakeClock } from "../../src/testing/fake-clock.ts";
import { loadClasses, type IdleClasses } from "../idle/load-classes.ts";
import { installVirtualGlobals } from "../idle/virtual-globals.ts";
import { VirtualObject, type ObjectClass } from "../idle/virtual-object.ts";
import { boundRow, toShort } from "../print.ts";
import type { Rig, Row } from "../rig.ts";

const HOUR_MS = 3_600_000;
/** After the first request and after each alarm an object lingers for ten seconds. */
const IN_MEMORY_MS = 60_000;

/** What one idle hour costs. */
interface IdleCost {
  readonly alarms: number;
  readonly openMs: number;
  readonly inMemoryMs: number;
  /** Whether the container sleeps soon after the hour is over. */
  readonly isAsleep: boolean;
}

/** One request, then an hour of nothing, on virtual time. */
export const idleHour: Rig = {
  name: "idle-hour",
  title:
    'Idle hour after one request, sleepAfter = "1h" (virtual time, one run: it is always alike)',
  async run(): Promise<readonly Row[]> {
    const classes = await loadClasses();
    const ours = await idle(classes, classes.ours);
    const peer = await idle(classes, classes.peer);
    const seconds = (ms: number): number => ms / 1_000;
    return [
      informRow("ours", ours),
      informRow("peer", peer),
      boundRow("ours: alarms", { value: ours.alarms, atMost: 2 }),
      boundRow("ours: in memory", {
        value: seconds(ours.inMemoryMs),
        atMost: seconds(IN_MEMORY_MS),
        unit: "s",
      }),
      boundRow("ours: containers awake after the hour", {
        value: ours.isAsleep ? 0 : 1,
        atMost: 0,
      }),
    ];
  },
};

async function idle(classes: IdleClasses, base: ObjectClass): Promise<IdleCost> {
  class Idler extends base {
    defaultPort = 8080;
    sleepAfter = "1h";
  }
  const clock = new FakeClock();
  const app = (): Response => new Response("ok");
  const container = new classes.FakeContainer({ app, clock });
  const object = new VirtualObject(Idler, container, clock);
  const restore = installVirtualGlobals(clock, { onSet: () => object.hold() });
  try {
    const answer = await drive(clock, object.fetch(new Request("http://app/")));
    if (answer !== "ok") throw new Error(`Cannot idle: the first answer was ${answer}`);
    object.settle();
    const before = { alarms: object.alarms, openMs: object.openMs, inMemoryMs: object.inMemoryMs };
    await clock.advance(HOUR_MS);
    object.settle();
    const cost = {
      alarms: object.alarms - before.alarms,
      openMs: object.openMs - before.openMs,
      inMemoryMs: object.inMemoryMs - before.inMemoryMs,
    };
    await clock.advance(HOUR_MS / 10);
    return { ...cost, isAsleep: !container.running };
  } finally {
    restore();
  }
}

/** Lets time pass until the work is done. */
async function drive<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  let isDone = false;
  void Promise.allSettled([work]).then(() => (isDone = true));
  while (!isDone) await clock.advance(1);
  return await work;
}

function informRow(what: string, cost: IdleCost): Row {
  const open = `open for ${toShort(cost.openMs / 1_000)} s`;
  const inMemory = `in memory for ${toShort(cost.inMemoryMs / 1_000)} s`;
  return { what, measured: `${cost.alarms} alarms; ${open}; ${inMemory}` };
}
