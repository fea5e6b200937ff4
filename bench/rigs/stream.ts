import { Agent, request, type IncomingMessage } from "node:http";
import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { ratioRow, toShort } from "../print.ts";
import { openRealPort } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import type { Kind } from "../workers/real-port-messages.ts";

const BODIES = 60;
const MIB = 2 ** 20;

/** Bodies of 1 MiB through the object, in the default, watched mode. */
export const stream: Rig = {
  name: "stream",
  title: "1 MiB bodies: rate beside a bare object's",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort();
    using client = new BodyReader();
    const toClient = (kind: Kind) => () => client.timeBodies(port.bodyUrl(kind));
    const toWorker = (kind: Kind) => () => port.time({ what: "stream", kind, times: BODIES });
    return [
      ...(await compare("to a client", pairs, { time: toClient, atLeast: 0.97 })),
      ...(await compare("read in the Worker", pairs, { time: toWorker })),
    ];
  },
};

async function compare(
  name: string,
  pairs: number,
  { time, atLeast }: { time: (kind: Kind) => () => Promise<number>; atLeast?: number },
): Promise<readonly Row[]> {
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
  const rate = (BODIES * MIB) / median(samples.bare) / 1_000;
  const aa = `${name}: A/A (bare: ${toShort(rate)} MB/s; noise ${toShort(noiseOf(control))})`;
  const target = atLeast === undefined ? undefined : { atLeast, control };
  return [
    ratioRow(aa, control),
    ratioRow(`${name}: ours, watched`, ratioOf(samples.bare, samples.ours), target),
    ratioRow(`${name}: ours, pass-through`, ratioOf(samples.bare, samples.passThrough)),
    ratioRow(`${name}: peer`, ratioOf(samples.bare, samples.peer)),
  ];
}

/** A client on one connection. */
class BodyReader implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** Milliseconds that some bodies take, one after the other. */
  async timeBodies(url: URL): Promise<number> {
    const beganAtMs = performance.now();
    for (let body = 0; body < BODIES; body += 1) {
      const sizeBytes = await this.#read(url);
      if (sizeBytes !== MIB) throw new Error(`Got ${sizeBytes} bytes of ${url.href}`);
    }
    return performance.now() - beganAtMs;
  }

  async #read(url: URL): Promise<number> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { agent: this.#agent }, resolve).on("error", reject).end();
    });
    let sizeBytes = 0;
    response.on("data", (chunk: Buffer) => (sizeBytes += chunk.length));
    await new Promise((resolve, reject) => response.on("end", resolve).on("error", reject));
    return sizeBytes;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
