// `npm run swarm -- --hours 1000`: simulated hours of clients and faults by lot, on all cores.
// `--seed N` begins elsewhere; `--replay N` shows one hour and what led to its violations.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { merge, newReport, type HourReport } from "./hour-report.ts";
import { missedTransitions, printReport } from "./print-report.ts";

/** From so many hours on every transition must have been seen. */
const COVERAGE_HOURS = 1_000;

/** So many hours at a time are given to a worker, so that what it keeps stays small. */
const BATCH_HOURS = 50;

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    replay: { type: "string" },
  },
});

/** Runs one script of this folder in a process of its own, and returns what it printed. */
function runScript(script: string, args: readonly number[]): Promise<string> {
  const path = join(import.meta.dirname, script);
  const child = spawn(process.execPath, [path, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(parts).toString());
      else reject(new Error(`Cannot run ${script} ${args.join(" ")}: it ended with ${code}`));
    });
  });
}

async function swarm(hours: number, seed: number, workers: number): Promise<HourReport> {
  const report = newReport();
  let next = seed;
  const end = seed + hours;
  const work = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      const count = Math.min(BATCH_HOURS, end - first);
      next += count;
      merge(report, JSON.parse(await runScript("run-range.ts", [first, count])) as HourReport);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return report;
}

function positive(name: "hours" | "seed" | "workers"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot use --${name} ${values[name]}: use an integer of 1 or more`);
}

if (values.replay === undefined) {
  const hours = positive("hours");
  const startedAtMs = Date.now();
  const report = await swarm(hours, positive("seed"), positive("workers"));
  printReport(report, Date.now() - startedAtMs);
  const isCovered = hours < COVERAGE_HOURS || missedTransitions(report).length === 0;
  const isSafe = report.violations.length === 0 && report.hours === hours;
  process.exitCode = isSafe && isCovered ? 0 : 1;
  console.log(
    `\n${isSafe ? hours : hours - report.violations.length} passed, ${report.violations.length + (isCovered ? 0 : 1)} failed`,
  );
} else {
  console.log(await runScript("replay.ts", [Number(values.replay)]));
}
