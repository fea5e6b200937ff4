import { EXPECTED_TRANSITIONS } from "./expected-transitions.ts";
import type { HourReport } from "./hour-report.ts";

/** Which ways between phases nobody went. */
export function missedTransitions({ transitions }: HourReport): readonly string[] {
  return EXPECTED_TRANSITIONS.filter((move) => transitions[move] === undefined);
}

/** Prints what came of a swarm. */
export function printReport(report: HourReport, tookMs: number): void {
  const { hours, steps, requests, violations } = report;
  const faults = Object.values(report.faults).reduce((sum, count) => sum + count, 0);
  console.log(
    `${hours} simulated hours, ${steps} steps, ${requests} requests, ${faults} faults in ${Math.round(tookMs / 1_000)} s`,
  );
  printCounts("Faults injected, by kind", report.faults);
  printCounts("Answers and calls", report.answers);
  printCounts("Transitions", report.transitions);
  printCounts("Faults by the phase they met", report.faultsByPhase);
  const missed = missedTransitions(report);
  console.log(`\nTransitions never seen: ${missed.length === 0 ? "none" : missed.join(", ")}`);
  console.log(`Violations: ${violations.length}`);
  for (const { seed, atMs, rule, detail } of violations.slice(0, 50)) {
    console.log(`  seed ${seed}, ${new Date(atMs).toISOString()}, ${rule}: ${detail}`);
  }
  const [first] = violations;
  if (first !== undefined) console.log(`Replay: npm run swarm -- --replay ${first.seed}`);
}

function printCounts(title: string, counts: Readonly<Record<string, number>>): void {
  console.log(`\n${title}:`);
  const rows = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  for (const [name, count] of rows) console.log(`  ${String(count).padStart(8)}  ${name}`);
}
