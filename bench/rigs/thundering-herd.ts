import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { boundRow, ratioText, toShort } from "../print.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import { startWorkerd, type Workerd } from "../start-workerd.ts";
import type { ColdStart, Herd, Kind } from "../workers/fake-port-messages.ts";

const CLASSES = { OURS: "Ours", PEER: "Peer", FLOOR: "Floor" };
const REQUESTS = 1_000;
/** Short, so that what is measured is the crowd and not the boot. */
const READY_AFTER_MS = 20;

/** A thousand first requests at once to one instance that sleeps. */
export const thunderingHerd: Rig = {
  name: "thundering-herd",
  title: `Thundering herd: ${REQUESTS} first requests at once, R = ${READY_AFTER_MS} ms`,
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using workerd = await startWorkerd({ file: "fake-port.ts", classes: CLASSES });
    const herds: Record<Kind, Herd[]> = { ours: [], peer: [], floor: [] };
    const stampede = async (kind: Kind): Promise<number> => {
      const orders = { kind, readyAfterMs: READY_AFTER_MS, count: REQUESTS };
      const herd = await workerd.ask<Herd>("/herd", orders);
      herds[kind].push(herd);
      return herd.tookMs;
    };
    const samples = await interleave(
      {
        floor: () => stampede("floor"),
        control: () => stampede("floor"),
        ours: () => stampede("ours"),
        peer: () => stampede("peer"),
      },
      pairs,
    );
    const single = await mostProbesOfOne(workerd, pairs);
    return [...timeRows(samples), ...countRows(herds.ours, single)];
  },
};

/** Probes of one cold start of the same R. */
async function mostProbesOfOne(workerd: Workerd, times: number): Promise<number> {
  let most = 0;
  for (let time = 0; time < times; time += 1) {
    const plan = { kind: "ours", beginAfterMs: 0, readyAfterMs: READY_AFTER_MS };
    const starts = await workerd.ask<readonly ColdStart[]>("/cold", [plan]);
    most = Math.max(most, ...starts.map((start) => start.probes));
  }
  return most;
}

function timeRows(samples: Readonly<Record<Kind | "control", readonly number[]>>): readonly Row[] {
  const control = ratioOf(samples.control, samples.floor);
  const ours = ratioOf(samples.ours, samples.floor);
  const bareMs = median(samples.floor);
  const bound = { value: ours.median, atMost: 1.3, unit: "×", noise: noiseOf(control) };
  return [
    { what: `A/A: bare object again (bare: ${toShort(bareMs)} ms)`, measured: ratioText(control) },
    { what: "peer, time beside bare", measured: ratioText(ratioOf(samples.peer, samples.floor)) },
    { what: "ours, time beside bare", measured: ratioText(ours) },
    boundRow("ours, time beside bare: median", bound),
  ];
}

function countRows(herds: readonly Herd[], probesOfOne: number): readonly Row[] {
  const most = (count: (herd: Herd) => number): number => Math.max(...herds.map(count));
  const probes = most((herd) => herd.probes);
  return [
    boundRow("ours: most starts", { value: most((herd) => herd.starts), atMost: 1 }),
    boundRow("ours: most onStart calls", { value: most((herd) => herd.onStarts), atMost: 1 }),
    boundRow("ours: most failures", { value: most((herd) => herd.failures), atMost: 0 }),
    boundRow(`ours: most probes (one cold start: ${toShort(probesOfOne)})`, {
      value: probes,
      atMost: probesOfOne,
    }),
  ];
}
