import "./register-worker-modules.ts";

// Replays the hour of one seed, and prints what happened around each violation.
const { runHour } = await import("./run-hour.ts");
const [seed = 1, beforeMs = 60_000] = process.argv.slice(2).map(Number);
const lines: string[] = [];
const report = await runHour(seed, { onLine: (line) => lines.push(line) });
for (const { rule, detail, atMs } of report.violations) {
  console.log(`${rule}: ${detail}`);
  const fromMs = atMs - Date.UTC(2026, 0, 1) - beforeMs;
  for (const line of lines) if (Number.parseInt(line.slice(1)) >= fromMs) console.log(`  ${line}`);
}
console.log(`seed ${seed}: ${report.violations.length} violations`);
