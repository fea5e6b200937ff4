// Mutates the core with Stryker and demands a reason for each mutant that no test kills. Ends with
// the line `N passed, N failed`. With --write, .config/mutation-survivors.md is written anew: reasons
// stay, and what is new waits for one. Other arguments go to Stryker, for example --incremental.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const reportFile = join(root, "node_modules", ".cache", "stryker", "report.json");
const reasonsFile = join(root, ".config", "mutation-survivors.md");
const NO_REASON = "no reason yet";
const KILLED: readonly string[] = ["Killed", "Timeout"];
const ALIVE: readonly string[] = ["Survived", "NoCoverage"];

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly status: string;
  readonly replacement?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Report {
  readonly files: Readonly<
    Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>
  >;
}

/** Names a mutant by what it changes, so that its reason outlives a change of line numbers. */
function nameOf(file: string, source: string, { location, replacement = "" }: Mutant): string {
  const { start, end } = location;
  const line = source.split("\n")[start.line - 1] ?? "";
  const isOneLine = start.line === end.line;
  const text = isOneLine ? line.slice(start.column - 1, end.column - 1) : line;
  const changed = replacement.split("\n")[0]?.trim() ?? "";
  return `\`${file}\`: \`${text.trim()}${isOneLine ? "" : " …"}\` → \`${changed}\``;
}

function readReasons(): Map<string, string> {
  const lines = readFileSync(reasonsFile, "utf8").split("\n");
  const entries = lines.flatMap((line) => {
    const [, name, reason] = /^- (.+`): (.+)$/.exec(line) ?? [];
    return name === undefined || reason === undefined ? [] : [[name, reason] as const];
  });
  return new Map(entries);
}

function writeReasons(names: readonly string[], reasons: ReadonlyMap<string, string>): void {
  const heading = readFileSync(reasonsFile, "utf8").split("\n- ")[0]?.trimEnd() ?? "";
  const lines = names.map((name) => `- ${name}: ${reasons.get(name) ?? NO_REASON}`);
  writeFileSync(reasonsFile, `${heading}\n\n${lines.join("\n")}\n`);
}

const args = process.argv.slice(2);
const strykerArgs = args.filter((arg) => arg !== "--write");
const command = ["run", ".config/stryker.config.json", ...strykerArgs];
const { status } = spawnSync("stryker", command, { cwd: root, stdio: "inherit" });

const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report; // by Stryker's own schema
const mutants = Object.entries(report.files).flatMap(([file, { source, mutants: own }]) =>
  own.map((mutant) => ({ ...mutant, name: nameOf(file, source, mutant) })),
);
const killed = mutants.filter((mutant) => KILLED.includes(mutant.status)).length;
const alive = mutants.filter((mutant) => ALIVE.includes(mutant.status));
const names = [...new Set(alive.map(({ name }) => name))];
const reasons = readReasons();
if (args.includes("--write")) writeReasons(names, reasons);

const unexplained = names.filter((name) => (reasons.get(name) ?? NO_REASON) === NO_REASON);
for (const name of unexplained) console.log(`survives without a reason: ${name}`);
for (const name of reasons.keys()) {
  if (!names.includes(name)) console.log(`survives no more: ${name}`);
}
const score = (100 * killed) / (killed + alive.length);
console.log(`${killed} of ${killed + alive.length} mutants killed: ${score.toFixed(1)} %`);
// Stryker itself fails below the score that its configuration demands.
const failed = unexplained.length + (status === 0 ? 0 : 1);
console.log(`${killed + alive.length - unexplained.length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
