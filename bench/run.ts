// `npm run bench` runs every rig, `npm run bench -- NAME` those that are named; `--pairs N` sets how
// many interleaved rounds are measured. Ends with exit code 1 when a target is missed.
import { parseArgs } from "node:util";
import { printRows } from "./print.ts";
import type { Rig, RigOptions } from "./rig.ts";
import { abilities } from "./rigs/abilities.ts";
import { coldStart } from "./rigs/cold-start.ts";
import { engine } from "./rigs/engine.ts";
import { idleHour } from "./rigs/idle-hour.ts";
import { images } from "./rigs/images.ts";
import { stream } from "./rigs/stream.ts";
import { thunderingHerd } from "./rigs/thundering-herd.ts";
import { warmRequest } from "./rigs/warm-request.ts";
import { webSocket } from "./rigs/web-socket.ts";

const RIGS: readonly Rig[] = [
  coldStart,
  warmRequest,
  stream,
  webSocket,
  idleHour,
  thunderingHerd,
  engine,
  abilities,
  images,
];

const DEFAULT_PAIRS = 15;

const { values, positionals } = parseArgs({
  options: { pairs: { type: "string", default: String(DEFAULT_PAIRS) } },
  allowPositionals: true,
});

function chooseRigs(names: readonly string[]): readonly Rig[] {
  if (names.length === 0) return RIGS;
  return names.map((name) => {
    const rig = RIGS.find((candidate) => candidate.name === name);
    if (rig !== undefined) return rig;
    const known = RIGS.map((candidate) => candidate.name).join(", ");
    throw new Error(`Cannot run rig ${name}: there are ${known}`);
  });
}

/** Returns how many targets were missed. */
async function runRig(rig: Rig, options: RigOptions): Promise<number> {
  const rows = await rig.run(options);
  printRows(rig, rows);
  return rows.filter((row) => row.target?.isMet === false).length;
}

const pairs = Number(values.pairs);
if (!Number.isInteger(pairs) || pairs < 1) {
  throw new Error(`Cannot measure --pairs ${values.pairs}: give a number of at least 1`);
}
let missed = 0;
for (const rig of chooseRigs(positionals)) missed += await runRig(rig, { pairs });
console.log(missed === 0 ? "\nall targets met" : `\n${missed} targets missed`);
process.exitCode = missed === 0 ? 0 : 1;
