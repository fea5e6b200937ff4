import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { interleave, median, noiseOf, quantile, ratioOf } from "../measure.ts";
import { boundRow, ratioText, toShort } from "../print.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";
import { APP_IMAGE, startBenchEngine } from "../start-engine.ts";
import { startWorkerd, type Workerd } from "../start-workerd.ts";
import type { AbilityAnswer, AbilityOrders } from "../workers/abilities-messages.ts";

const EXECS = 20;
const CHANGE_MIB = 100;
const REQUESTS = 200;

/** A program for the container: so many requests one after the other, each in milliseconds. */
const ASK = `
const [url, times] = process.argv.slice(1);
const took = [];
for (let time = -20; time < Number(times); time += 1) {
  const beganAtMs = performance.now();
  await (await fetch(url)).text();
  if (time >= 0) took.push(performance.now() - beganAtMs);
}
console.log(JSON.stringify(took));
`;

/** What the embedded engine does beside requests: programs, snapshots, interception. */
export const abilities: Rig = {
  name: "abilities",
  title: "Embedded engine: exec, snapshots, interception (raw ctx.container, local workerd)",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    await using parts = new AsyncDisposableStack();
    const engine = parts.use(await startBenchEngine());
    const workerd = parts.use(
      await startWorkerd({
        file: "abilities.ts",
        classes: { ABLE: "Able" },
        engine: { socketPath: engine.socketPath, imageName: APP_IMAGE },
      }),
    );
    const obey: Obey = (orders) => askFor(workerd, orders);
    await obey({ what: "keep" });
    return [
      ...(await timeExec(obey, pairs)),
      ...(await timeInterception(obey, pairs)),
      ...(await timeSnapshots(obey, pairs)),
    ];
  },
};

type Obey = (orders: AbilityOrders) => Promise<AbilityAnswer>;

function askFor(workerd: Workerd, orders: AbilityOrders): Promise<AbilityAnswer> {
  return workerd.ask<AbilityAnswer>("/", orders);
}

async function timeExec(obey: Obey, pairs: number): Promise<readonly Row[]> {
  const spawned = async (): Promise<number> => {
    const beganAtMs = performance.now();
    for (let time = 0; time < EXECS; time += 1) await once(spawn("true"), "exit");
    return (performance.now() - beganAtMs) / EXECS;
  };
  const exec = async (): Promise<number> =>
    (await obey({ what: "exec", argv: ["true"], times: EXECS })).tookMs / EXECS;
  const samples = await interleave({ spawned, control: spawned, exec }, pairs);
  const beyondMs = median(samples.exec) - median(samples.spawned);
  const noise = Math.abs(median(samples.control) - median(samples.spawned));
  return [
    { what: "a plain spawn: median", measured: `${toShort(median(samples.spawned))} ms` },
    {
      what: "A/A: a plain spawn again",
      measured: ratioText(ratioOf(samples.control, samples.spawned)),
    },
    boundRow("exec beyond a plain spawn: median", {
      value: beyondMs,
      atMost: 15,
      unit: "ms",
      noise,
    }),
  ];
}

async function timeInterception(obey: Obey, pairs: number): Promise<readonly Row[]> {
  const ask = (url: string) => async (): Promise<number> => {
    const argv = ["node", "--input-type=module", "-e", ASK, url, String(REQUESTS)];
    const { text = "[]" } = await obey({ what: "print", argv });
    return median(JSON.parse(text) as number[]);
  };
  const loopback = ask("http://127.0.0.1:8080/");
  const intercepted = ask("http://outside.example/");
  const samples = await interleave({ loopback, control: loopback, intercepted }, pairs);
  const addedMs = samples.intercepted.map((value, index) => value - (samples.loopback[index] ?? 0));
  const noise = Math.abs(median(samples.control) - median(samples.loopback));
  const spread = `${toShort(quantile(addedMs, 0.25))}–${toShort(quantile(addedMs, 0.75))}`;
  return [
    { what: "a request on the loopback: p50", measured: `${toShort(median(samples.loopback))} ms` },
    {
      what: "A/A: on the loopback again",
      measured: ratioText(ratioOf(samples.control, samples.loopback)),
    },
    { what: "interception adds: quartiles", measured: `${spread} ms` },
    boundRow("interception adds: p50", { value: median(addedMs), atMost: 2, unit: "ms", noise }),
  ];
}

async function timeSnapshots(obey: Obey, pairs: number): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "berth-bench-copy-"));
  try {
    const source = join(directory, "source");
    await writeFile(source, randomBytes(CHANGE_MIB << 20));
    const copied = async (): Promise<number> => {
      const beganAtMs = performance.now();
      await copyFile(source, join(directory, "copy"));
      const tookMs = performance.now() - beganAtMs;
      await rm(join(directory, "copy"));
      return tookMs;
    };
    const change = ["dd", "if=/dev/urandom", "of=/app/change", "bs=1M", `count=${CHANGE_MIB}`];
    let snapshotId = "";
    const plain = async (): Promise<number> => (await obey({ what: "plain-start" })).tookMs;
    const snapshot = async (): Promise<number> => {
      await obey({ what: "plain-start" });
      await obey({ what: "print", argv: change });
      const { tookMs, text = "" } = await obey({ what: "snapshot" });
      snapshotId = text;
      return tookMs;
    };
    const restore = async (): Promise<number> =>
      (await obey({ what: "restore", snapshotId })).tookMs;
    const both = async (): Promise<number> => {
      const plainMs = await plain();
      const snapshotMs = await snapshot();
      return snapshotMs + Math.max(0, (await restore()) - plainMs);
    };
    const samples = await interleave({ copied, control: copied, both }, pairs);
    const control = ratioOf(samples.control, samples.copied);
    const ratio = ratioOf(samples.both, samples.copied);
    const copyMs = toShort(median(samples.copied));
    return [
      { what: `A/A: a copy of ${CHANGE_MIB} MiB (${copyMs} ms)`, measured: ratioText(control) },
      { what: "snapshot and restore of such a change beside the copy", measured: ratioText(ratio) },
      boundRow("snapshot and restore beside the copy: median", {
        value: ratio.median,
        atMost: 2,
        unit: "×",
        noise: noiseOf(control),
      }),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
