import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { ratioRow, toShort } from "../print.ts";
import { openRealPort } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import type { Kind } from "../workers/real-port-messages.ts";

const BODIES = 60;

/** Bodies of 1 MiB through the object, in the default, watched mode. */
export const stream: Rig = {
  name: "stream",
  title: "1 MiB bodies: rate beside a bare object's",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort();
    const time = (kind: Kind) => () => port.time({ what: "stream", kind, times: BODIES });
    const samples = await interleave(
      {
        bare: time("bare"),
        control: time("control"),
        ours: time("ours"),
        passThrough: time("passThrough"),
        peer: time("peer"),
      },
      pairs,
    );
    const control = ratioOf(samples.bare, samples.control);
    const rate = (BODIES * 1_048.576) / median(samples.bare);
    const target = { atLeast: 0.97, control };
    return [
      ratioRow(`A/A (bare: ${toShort(rate)} MB/s; noise ${toShort(noiseOf(control))})`, control),
      ratioRow("ours, watched", ratioOf(samples.bare, samples.ours), target),
      ratioRow("ours, pass-through", ratioOf(samples.bare, samples.passThrough)),
      ratioRow("peer", ratioOf(samples.bare, samples.peer)),
    ];
  },
};
