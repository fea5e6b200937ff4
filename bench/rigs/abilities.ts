import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findTool } from "../../src/engine/sandbox/host-tools.ts";
import { EngineImages } from "../engine-images.ts";
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
    requireFirewall();
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
      ...(await timeSnapshots(obey, pairs, engine)),
    ];
  },
};

/** The engine's own message about it ends in its log: workerd only tells that the proxy is not there. */
function requireFirewall(): void {
  if (findTool("nft") !== undefined || findTool("iptables-restore") !== undefined) return;
  throw new Error(
    "Cannot measure interception: neither nft nor iptables-restore on this host; install one, " +
      "for example: apt-get install -y nftables",
  );
}

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

/**
 * Both sides write the change anew, which is not timed, on the same file system, and keep their last
 * copy only: what a disk has yet to write must not grow on one side alone.
 */
async function timeSnapshots(
  obey: Obey,
  pairs: number,
  { socketPath }: { readonly socketPath: string },
): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(dirname(socketPath), "bench-copy-"));
  try {
    const copied = (): Promise<number> => timeCopy(directory);
    const both = await prepareSnapshots(obey, new EngineImages(socketPath));
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

/** Writes the change to a file. */
const change = (file: string): readonly string[] => [
  ...["dd", "if=/dev/urandom", `of=${file}`, "bs=1M", `count=${CHANGE_MIB}`],
];

async function timeCopy(directory: string): Promise<number> {
  const [source, copy] = [join(directory, "source"), join(directory, "copy")];
  await rm(copy, { force: true });
  const [program = "", ...args] = change(source);
  await once(spawn(program, args, { stdio: "ignore" }), "exit");
  const beganAtMs = performance.now();
  await copyFile(source, copy);
  return performance.now() - beganAtMs;
}

async function prepareSnapshots(obey: Obey, images: EngineImages): Promise<() => Promise<number>> {
  const own = await images.list();
  return async () => {
    const plainMs = (await obey({ what: "plain-start" })).tookMs;
    await images.removeAllBut(own);
    await obey({ what: "print", argv: change("/app/change") });
    const { tookMs: snapshotMs, text: snapshotId = "" } = await obey({ what: "snapshot" });
    const restoreMs = (await obey({ what: "restore", snapshotId })).tookMs;
    return snapshotMs + Math.max(0, restoreMs - plainMs);
  };
}
