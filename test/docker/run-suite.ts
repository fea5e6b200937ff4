import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { REPOSITORY } from "../e2e/project.ts";
import { readOutcomes, type JsonReport, type Outcome } from "./test-report.ts";

const INTERRUPTED = 130;

/** Which tests to run, and where. */
export interface SuiteOptions {
  /** A file to write to. */
  readonly reportFile: string;
  readonly config: string;
  /** Further arguments of Vitest. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Runs tests with Vitest; their progress goes to stderr. */
export async function runSuite(options: SuiteOptions): Promise<readonly Outcome[]> {
  const { reportFile, config, args, env } = options;
  const reporters = ["--reporter=dot", "--reporter=json", `--outputFile=${reportFile}`];
  const child = spawn("vitest", ["run", "--config", config, ...reporters, ...args], {
    cwd: REPOSITORY,
    env,
    stdio: ["ignore", 2, 2],
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  if (exitCode === null || exitCode === INTERRUPTED) throw new Error("the tests were interrupted");
  const report = await readFile(reportFile, "utf8").catch(() => undefined);
  if (report === undefined) throw new Error(`vitest ended with ${exitCode}, and wrote no report`);
  return readOutcomes(JSON.parse(report) as JsonReport);
}
