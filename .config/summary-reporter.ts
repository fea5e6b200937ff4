import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

const allowList = join(import.meta.dirname, "..", ".ci", "skips-allowed");

const SLOWEST = 15;

interface Skip {
  readonly name: string;
  readonly reason: string;
}

/**
 * Ends the output with the files that take longest, every skipped test and its reason, then with the line `N passed, N failed`.
 * Where `CI` is set, a skip that .ci/skips-allowed does not name counts as a failure.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skips = tests.filter((test) => test.result().state === "skipped").map(toSkip);
    const allowed = readAllowList();
    const surprises = skips.filter((skip) => !allowed.has(skip.name));
    const isStrict = process.env["CI"] !== undefined && process.env["CI"] !== "";
    const passed = tests.filter((test) => test.result().state === "passed").length;
    const failed =
      tests.filter((test) => test.result().state === "failed").length +
      modules.flatMap(brokenScopes).length +
      unhandledErrors.length +
      (isStrict ? surprises.length : 0);

    for (const { seconds, file } of slowest(modules)) console.log(`${seconds} s: ${file}`);
    for (const { name, reason } of skips) console.log(`skipped: ${name}: ${reason}`);
    if (isStrict && surprises.length > 0) {
      console.log(`${surprises.length} of the skips are not in .ci/skips-allowed`);
      process.exitCode = 1;
    }
    console.log(`${passed} passed, ${failed} failed`);
  }
}

/** Where the time goes: what grows shows here before the whole is too long. */
function slowest(
  modules: readonly TestModule[],
): readonly { readonly seconds: string; readonly file: string }[] {
  return modules
    .map((module) => ({ ms: durationOf(module), file: module.relativeModuleId }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ ms, file }) => ({ seconds: (ms / 1000).toFixed(1).padStart(5), file }));
}

function durationOf(module: TestModule): number {
  const { duration, setupDuration, collectDuration } = module.diagnostic();
  return duration + setupDuration + collectDuration;
}

function toSkip(test: TestCase): Skip {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return { name: `${test.project.name}: ${test.fullName}`, reason: note ?? "no reason given" };
}

/** Files and suites that failed outside their tests: an import that throws, a hook. */
function brokenScopes(module: TestModule): readonly (TestModule | TestSuite)[] {
  const scopes = [module, ...module.children.allSuites()];
  return scopes.filter((scope) => scope.errors().length > 0);
}

/** One name a line, as the output prints it; `#` begins a comment. */
function readAllowList(): ReadonlySet<string> {
  const lines = readFileSync(allowList, "utf8").split("\n");
  const names = lines.map((line) => line.trim());
  return new Set(names.filter((line) => line !== "" && !line.startsWith("#")));
}
