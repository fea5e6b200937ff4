import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { ratioRow, toShort } from "../print.ts";
import { openRealPort, type RealPort } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import type { Kind } from "../workers/real-port-messages.ts";

const REQUESTS = 2_000;

/** Small answers of a running container, beside an object that only forwards. */
export const warmRequest: Rig = {
  name: "warm-request",
  title: "Warm small request: rate beside a bare object's",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort(["bare", "control", "ours", "peer"]);
    return [
      ...(await compare(port, { what: "stub", pairs, name: "through the stub", atLeast: 0.95 })),
      ...(await compare(port, { what: "inside", pairs, name: "inside the object", atLeast: 0.85 })),
      ...(await compare(port, {
        what: "stub",
        pairs,
        name: "through the stub, 8 at once",
        parallel: 8,
      })),
    ];
  },
};

interface Comparison {
  readonly what: "stub" | "inside";
  readonly name: string;
  readonly pairs: number;
  readonly atLeast?: number;
  readonly parallel?: number;
}

async function compare(port: RealPort, comparison: Comparison): Promise<readonly Row[]> {
  const { what, name, pairs, atLeast, parallel = 1 } = comparison;
  const time = (kind: Kind) => () => port.time({ what, kind, times: REQUESTS, parallel });
  const samples = await interleave(
    { bare: time("bare"), control: time("control"), ours: time("ours"), peer: time("peer") },
    pairs,
  );
  const control = ratioOf(samples.bare, samples.control);
  const eachUs = (median(samples.bare) * 1_000) / REQUESTS;
  const ours = ratioOf(samples.bare, samples.ours);
  const aa = `${name}: A/A (bare: ${toShort(eachUs)} µs each; noise ${toShort(noiseOf(control))})`;
  return [
    ratioRow(aa, control),
    ratioRow(`${name}: ours`, ours, atLeast === undefined ? undefined : { atLeast, control }),
    ratioRow(`${name}: peer`, ratioOf(samples.bare, samples.peer)),
  ];
}
