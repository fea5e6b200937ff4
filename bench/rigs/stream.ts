import { Agent, request, type IncomingMessage } from "node:http";
import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { ratioRow, toShort } from "../print.ts";
import { openRealPort, type BodyPlan } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import type { Kind } from "../workers/real-port-messages.ts";

const BODIES = 60;
const MIB = 2 ** 20;

/** Bodies of other kinds, beside those of 1 MiB whose length is known. */
const OTHER_BODIES: readonly BodyPlan[] = [
  { mib: 1, length: "chunked" },
  { mib: 16, length: "known" },
  { mib: 16, length: "chunked" },
];

/** Bodies through the object, in the default, watched mode. */
export const stream: Rig = {
  name: "stream",
  title: "Long bodies: rate beside a bare object's",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort();
    using client = new BodyReader();
    const toClient = (plan: BodyPlan, bodies: number) => (kind: Kind) => () =>
      client.timeBodies(port.bodyUrl(kind, plan), plan.mib * MIB, bodies);
    const toWorker = (kind: Kind) => () => port.time({ what: "stream", kind, times: BODIES });
    const plain = toClient({ mib: 1, length: "known" }, BODIES);
    const rows = [
      ...(await compareAll("1 MiB to a client", pairs, { time: plain, atLeast: 0.97 })),
      ...(await compareAll("1 MiB read in the Worker", pairs, { time: toWorker })),
    ];
    for (const plan of OTHER_BODIES) {
      const name = `${plan.mib} MiB, length ${plan.length === "known" ? "known" : "unknown"}`;
      const bodies = BODIES / 2 / plan.mib;
      rows.push(...(await compareOurs(name, pairs, toClient(plan, Math.ceil(bodies)))));
    }
    return rows;
  },
};

/** Measures what some bodies of a kind take. */
type Timer = (kind: Kind) => () => Promise<number>;

async function compareAll(
  name: string,
  pairs: number,
  { time, atLeast }: { time: Timer; atLeast?: number },
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

async function compareOurs(name: string, pairs: number, time: Timer): Promise<readonly Row[]> {
  const variants = { bare: time("bare"), control: time("control"), ours: time("ours") };
  const samples = await interleave(variants, pairs);
  const control = ratioOf(samples.bare, samples.control);
  return [
    ratioRow(`${name}: A/A (noise ${toShort(noiseOf(control))})`, control),
    ratioRow(`${name}: ours, watched`, ratioOf(samples.bare, samples.ours), {
      atLeast: 0.97,
      control,
    }),
  ];
}

/** A client on one connection. */
class BodyReader implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** Milliseconds that some bodies take, one after the other. */
  async timeBodies(url: URL, expectedBytes: number, bodies: number): Promise<number> {
    const beganAtMs = performance.now();
    for (let body = 0; body < bodies; body += 1) {
      const sizeBytes = await this.#read(url);
      if (sizeBytes !== expectedBytes) throw new Error(`Got ${sizeBytes} bytes of ${url.href}`);
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
