import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { ratioRow, toShort } from "../print.ts";
import { openRealPort } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import type { Kind } from "../workers/real-port-messages.ts";

const MESSAGES = 2_000;

/** Echoes of short WebSocket messages, one after the other. */
export const webSocket: Rig = {
  name: "web-socket",
  title: "WebSocket echo: rate beside a bare object's",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort();
    const time = (kind: Kind) => () => port.time({ what: "echo", kind, times: MESSAGES });
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
    const eachUs = (median(samples.bare) * 1_000) / MESSAGES;
    return [
      ratioRow(
        `A/A (bare: ${toShort(eachUs)} µs each; noise ${toShort(noiseOf(control))})`,
        control,
      ),
      ratioRow("ours, watched", ratioOf(samples.bare, samples.ours), { atLeast: 0.6, control }),
      ratioRow("ours, pass-through", ratioOf(samples.bare, samples.passThrough), {
        atLeast: 0.9,
        control,
      }),
      ratioRow("peer", ratioOf(samples.bare, samples.peer)),
    ];
  },
};
