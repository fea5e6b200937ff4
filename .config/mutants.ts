// Ten mistakes that would cost money or trust. Each is made in a copy of the tree, where the test
// file that guards against it must fail; unchanged it must pass. Ends with `N passed, N failed`.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const COPIED = ["src", "test", ".config", "package.json", "tsconfig.json", "wrangler.jsonc"];

interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly text: string;
  readonly instead: string;
  readonly project: "core" | "worker";
  readonly test: string;
}

const MUTANTS: readonly Mutant[] = [
  {
    name: "run record not written before start",
    file: "src/worker/instance-store.ts",
    text: "storage.kv.put(RUN_RECORD_KEY, toRunRecord(after));",
    instead: "queueMicrotask(() => storage.kv.put(RUN_RECORD_KEY, toRunRecord(after)));",
    project: "worker",
    test: "test/worker/cold-path.test.ts",
  },
  {
    name: "run id not compared",
    file: "src/core/lifecycle/transition.ts",
    text: '  if ("run" in event && event.run !== lifecycle.phase.run) return stay(lifecycle); // L2\n',
    instead: "",
    project: "core",
    test: "test/core/lifecycle/transition.test.ts",
  },
  {
    name: "lease not released on abort",
    file: "src/worker/http-proxy.ts",
    text: "    } catch (error) {\n      supervisor.closeLease(lease);\n",
    instead: "    } catch (error) {\n",
    project: "worker",
    test: "test/worker/proxy.test.ts",
  },
  {
    name: "lease deadline ignored",
    file: "src/core/lease.ts",
    text: "    if (leaseEndMs <= nowMs) continue;\n",
    instead: "",
    project: "core",
    test: "test/core/lease.test.ts",
  },
  {
    name: "kill after grace skipped",
    file: "src/core/lifecycle/deadlines.ts",
    text: "atMs >= phase.killAtMs ? destroy(lifecycle, doomed, atMs) : stay(lifecycle)",
    instead:
      "atMs >= phase.killAtMs ? stay({ ...lifecycle, phase: { ...doomed, kind: phase.kind, killAtMs: Infinity } }) : stay(lifecycle)",
    project: "core",
    test: "test/core/lifecycle/deadlines.test.ts",
  },
  {
    name: "backoff not reset",
    file: "src/core/lifecycle/crashes.ts",
    text: "recent.length === 0 ? 1 : crashes.streak + 1",
    instead: "crashes.streak + 1",
    project: "core",
    test: "test/core/lifecycle/crashes.test.ts",
  },
  {
    name: "alarm set later instead of earlier",
    file: "src/core/lifecycle/alarm-time.ts",
    text: "armedAtMs <= dueAtMs",
    instead: "armedAtMs >= dueAtMs",
    project: "core",
    test: "test/core/lifecycle/alarm-time.test.ts",
  },
  {
    name: "outbox entry dropped",
    file: "src/core/lifecycle/run-end.ts",
    text: "    outbox: [...lifecycle.outbox, pending], // L4\n",
    instead: "",
    project: "core",
    test: "test/core/lifecycle/run-end.test.ts",
  },
  {
    name: "503 from the app taken as ready",
    file: "src/core/readiness/http.ts",
    text: "return (found) => found < 500;",
    instead: "return () => true;",
    project: "core",
    test: "test/core/readiness/http.test.ts",
  },
  {
    name: "idle clock reset on construct",
    file: "src/worker/supervisor.ts",
    text: "this.#lastActivityMs = this.#store.current.lastActivityMs;",
    instead: "this.#lastActivityMs = parts.platform.clock.now();",
    project: "worker",
    test: "test/worker/idle.test.ts",
  },
];

/** What is read of Vitest's report. */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "berth-mutants-"));
  for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Runs one test file of a copy; undefined where it did not come to a report. */
async function runTest(copy: string, { project, test }: Mutant): Promise<Report | undefined> {
  const reportFile = join(copy, "report.json");
  rmSync(reportFile, { force: true });
  const config = ["--config", ".config/vitest.config.ts", "--project", project];
  const reporter = ["--reporter", "json", "--outputFile", reportFile];
  const vitest = spawn("vitest", ["run", ...config, ...reporter, test], {
    cwd: copy,
    stdio: "ignore",
  });
  await new Promise((resolve) => vitest.on("close", resolve));
  try {
    return JSON.parse(readFileSync(reportFile, "utf8")) as Report; // as Vitest documents it
  } catch {
    return undefined; // it could not even begin
  }
}

/** Makes the mistake and takes it back; returns what came of the test. */
async function attempt(copy: string, mutant: Mutant): Promise<string> {
  const file = join(copy, mutant.file);
  const source = readFileSync(file, "utf8");
  const times = source.split(mutant.text).length - 1;
  if (times !== 1) return `FAILED: its text stands ${times} times in ${mutant.file}`;
  writeFileSync(
    file,
    source.replace(mutant.text, () => mutant.instead),
  );
  try {
    const report = await runTest(copy, mutant);
    const results = report?.testResults.flatMap((result) => result.assertionResults) ?? [];
    const failed = results.filter(({ status }) => status === "failed");
    const [first] = failed;
    if (first === undefined) return `FAILED: survives ${mutant.test}`;
    const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    return `${mutant.test}: ${first.fullName}${others}`;
  } finally {
    writeFileSync(file, source);
  }
}

const wanted = process.argv.slice(2);
const mutants = MUTANTS.filter(({ name }) => wanted.every((word) => name.includes(word)));
const copy = copyTree();
const sound = new Map<string, boolean>();
let passed = 0;
try {
  console.log("mutant | caught by");
  for (const mutant of mutants) {
    if (!sound.has(mutant.test)) {
      const report = await runTest(copy, mutant);
      sound.set(mutant.test, report?.success === true && report.numPassedTests > 0);
    }
    const isSound = sound.get(mutant.test) === true;
    const outcome = isSound
      ? await attempt(copy, mutant)
      : `FAILED: ${mutant.test} does not pass by itself`;
    console.log(`${mutant.name} | ${outcome}`);
    if (!outcome.startsWith("FAILED")) passed += 1;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${passed} passed, ${mutants.length - passed} failed`);
process.exitCode = passed === mutants.length && passed > 0 ? 0 : 1;
