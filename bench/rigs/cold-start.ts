import { mean, quantile } from "../measure.ts";
import { boundRow, toShort } from "../print.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import { seededRandom } from "../seeded-random.ts";
import { startWorkerd, type Workerd } from "../start-workerd.ts";
import type { ColdPlan, ColdStart, Kind } from "../workers/fake-port-messages.ts";

const CLASSES = { OURS: "Ours", PEER: "Peer", FLOOR: "Floor" };
const STARTS_A_ROUND = 20;
const LONGEST_BOOT_MS = 2_000;
/** Apart enough that objects are not made at once: that is the platform's work, not ours. */
const STAGGER_MS = 25;

/** What is compared; `control` is the floor again. */
const VARIANTS = ["floor", "control", "ours", "peer"] as const;
type Variant = (typeof VARIANTS)[number];

interface Outcome {
  /** Time to the response, beyond the app's own readiness delay. */
  readonly overMs: number;
  readonly start: ColdStart;
}

type Outcomes = Readonly<Record<Variant, readonly Outcome[]>>;

/** Time to the first response, less what the app itself needs, on a fake port. */
export const coldStart: Rig = {
  name: "cold-start",
  title: "Cold start: time to response less the app's own readiness delay R, R uniform in 0–2 s",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using workerd = await startWorkerd({ file: "fake-port.ts", classes: CLASSES });
    const outcomes = await startMany(workerd, pairs);
    const long = await startAll(workerd, Array(5).fill(toPlan("ours", LONGEST_BOOT_MS, 0)));
    return toRows(outcomes, Math.max(...long.map(({ start }) => start.probes)) + 1);
  },
};

/** All variants are started with the same delays, mixed. */
async function startMany(workerd: Workerd, pairs: number): Promise<Outcomes> {
  const random = seededRandom(42);
  const outcomes: Record<Variant, Outcome[]> = { floor: [], control: [], ours: [], peer: [] };
  await startAll(
    workerd,
    VARIANTS.map((variant) => toPlan(variant, 100, 0)),
  );
  for (let round = 0; round < pairs; round += 1) {
    const delays = Array.from({ length: STARTS_A_ROUND }, () => random() * LONGEST_BOOT_MS);
    const mixed = delays.flatMap((delay) => VARIANTS.map((variant) => ({ variant, delay })));
    mixed.sort(() => random() - 0.5);
    const plans = mixed.map(({ variant, delay }, turn) => toPlan(variant, delay, turn));
    const started = await startAll(workerd, plans);
    mixed.forEach(({ variant }, turn) => outcomes[variant].push(...started.slice(turn, turn + 1)));
  }
  return outcomes;
}

function toPlan(variant: Variant, readyAfterMs: number, turn: number): ColdPlan {
  const kind: Kind = variant === "control" ? "floor" : variant;
  return { kind, readyAfterMs, beginAfterMs: turn * STAGGER_MS };
}

async function startAll(workerd: Workerd, plans: readonly ColdPlan[]): Promise<readonly Outcome[]> {
  const starts = await workerd.ask<readonly ColdStart[]>("/cold", plans);
  return starts.map((start, turn) => ({
    start,
    overMs: start.tookMs - (plans[turn]?.readyAfterMs ?? 0),
  }));
}

function toRows(outcomes: Outcomes, probes: number): readonly Row[] {
  const [floor, control, ours] = [
    figuresOf(outcomes.floor),
    figuresOf(outcomes.control),
    figuresOf(outcomes.ours),
  ];
  const noiseMs = {
    mean: Math.abs(floor.mean - control.mean),
    p99: Math.abs(floor.p99 - control.p99),
  };
  const meanMs = { value: ours.mean - floor.mean, atMost: 12, unit: "ms", noise: noiseMs.mean };
  const p99Ms = { value: ours.p99 - floor.p99, atMost: 45, unit: "ms", noise: noiseMs.p99 };
  const awaited = outcomes.ours.flatMap(({ start }) => start.awaited).length;
  const awaitedByPeer = outcomes.peer[0]?.start.awaited.length ?? 0;
  return [
    informRow(`floor: told the moment (${outcomes.floor.length} starts of each)`, outcomes.floor),
    informRow("A/A: the floor again", outcomes.control),
    informRow("ours", outcomes.ours),
    informRow("peer", outcomes.peer),
    boundRow("ours: mean beyond the floor's", meanMs),
    boundRow("ours: p99 beyond the floor's", p99Ms),
    boundRow("ours: most probes of a 2 s boot", { value: probes, atMost: 160 }),
    boundRow("ours: storage calls awaited before start()", { value: awaited, atMost: 0 }),
    { what: "peer: storage calls awaited before start()", measured: `${awaitedByPeer} a start` },
  ];
}

function figuresOf(outcomes: readonly Outcome[]): { mean: number; median: number; p99: number } {
  const overMs = outcomes.map((outcome) => outcome.overMs);
  return { mean: mean(overMs), median: quantile(overMs, 0.5), p99: quantile(overMs, 0.99) };
}

function informRow(what: string, outcomes: readonly Outcome[]): Row {
  const { mean: average, median, p99 } = figuresOf(outcomes);
  const probes = mean(outcomes.map(({ start }) => start.probes));
  const times = `mean ${toShort(average)} ms, median ${toShort(median)}, p99 ${toShort(p99)}`;
  return { what, measured: `${times}; ${toShort(probes)} probes` };
}
