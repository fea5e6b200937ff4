import { setTimeout as sleep } from "node:timers/promises";
import { interleave, median, noiseOf, ratioOf } from "../measure.ts";
import { boundRow, ratioText, toShort } from "../print.ts";
import { memoryOfTree } from "../process-memory.ts";
import { openRealPort, type RealPort } from "../real-port.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import { staticServer, startLoopbackServer, timeBareSpawn } from "../static-server.ts";

const PORT = 8080;
const REQUESTS = 500;
const INSTANCES = 20;
const MEGABYTE = 1_048_576;
/** For the next spare to be made, so that each start meets one. */
const REFILL_MS = 1_000;

/** The embedded engine: start of a static server, warm requests, memory. */
export const engine: Rig = {
  name: "engine",
  title: "Embedded engine: a static server's start, warm requests, memory",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using port = await openRealPort(["bare"]);
    return [
      ...(await timeStarts(port, pairs)),
      ...(await timeWarmRequests(port, pairs)),
      ...(await weigh(port)),
    ];
  },
};

async function timeStarts(port: RealPort, pairs: number): Promise<readonly Row[]> {
  let sessions = 0;
  const startInEngine = async (): Promise<number> => {
    await sleep(REFILL_MS);
    sessions += 1;
    const session = `start-${sessions}`;
    return await port.time({ what: "start", session, entrypoint: staticServer(PORT), times: 1 });
  };
  const samples = await interleave(
    { bare: timeBareSpawn, control: timeBareSpawn, engine: startInEngine },
    pairs,
  );
  const noiseMs = Math.abs(median(samples.bare) - median(samples.control));
  const started = { value: median(samples.engine), atMost: 60, unit: "ms", noise: noiseMs };
  return [
    { what: "bare spawn to first 200: median", measured: `${toShort(median(samples.bare))} ms` },
    { what: "A/A: bare spawn again", measured: `${toShort(median(samples.control))} ms` },
    { what: "engine beside bare", measured: ratioText(ratioOf(samples.engine, samples.bare)) },
    boundRow("start() to first 200 with a warm spare: median", started),
  ];
}

async function timeWarmRequests(port: RealPort, pairs: number): Promise<readonly Row[]> {
  await using server = await startLoopbackServer();
  const { url } = server;
  const outside = (): Promise<number> => port.time({ what: "outside", url, times: REQUESTS });
  const inside = (): Promise<number> =>
    port.time({ what: "inside", kind: "bare", times: REQUESTS });
  const samples = await interleave({ outside, control: outside, inside }, pairs);
  const control = ratioOf(samples.control, samples.outside);
  const ratio = ratioOf(samples.inside, samples.outside);
  const eachUs = (median(samples.outside) * 1_000) / REQUESTS;
  return [
    { what: "warm fetch: A/A of plain loopback", measured: ratioText(control) },
    {
      what: `warm fetch: container beside plain loopback (${toShort(eachUs)} µs)`,
      measured: ratioText(ratio),
    },
    boundRow("warm fetch: container beside plain loopback: median", {
      value: ratio.median,
      atMost: 1.3,
      unit: "×",
      noise: noiseOf(control),
    }),
  ];
}

/** What twenty more instances cost; workerd and the apps themselves are not the engine's. */
async function weigh(port: RealPort): Promise<readonly Row[]> {
  const weighNow = async (): Promise<ReturnType<typeof memoryOfTree>> => {
    await sleep(REFILL_MS);
    return memoryOfTree(process.pid, ["workerd", "perl"]);
  };
  const before = await weighNow();
  const entrypoint = staticServer(PORT);
  for (let count = 0; count < INSTANCES; count += 1) {
    await port.time({ what: "keep", session: `keep-${count}`, entrypoint, times: 1 });
  }
  const after = await weighNow();
  const each = (name: "pssBytes" | "rssBytes"): number =>
    (after[name] - before[name]) / INSTANCES / MEGABYTE;
  const rss = { value: each("rssBytes"), atMost: 50, unit: "MiB" };
  return [
    boundRow(`memory of one instance, RSS (of ${INSTANCES})`, rss),
    {
      what: "memory of one instance, PSS (shared pages count in part)",
      measured: `${toShort(each("pssBytes"))} MiB`,
    },
  ];
}
