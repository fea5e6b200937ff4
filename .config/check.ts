// Runs every check that is not a test, and ends with the line `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

function run({ name, command: [tool, ...args] }: Check): boolean {
  console.log(`\n> ${name}`);
  const { status, error } = spawnSync(tool, args, { cwd: root, stdio: "inherit" });
  if (status === 0) return true;
  console.log(`${name} failed: ${error?.message ?? `exit code ${status}`}`);
  return false;
}

/** Checks of what a user would install: they need the packed tarball. */
function packageChecks(tarball: string): readonly Check[] {
  return [
    { name: "publint", command: ["publint", "run", tarball, "--strict"] },
    { name: "attw", command: ["attw", tarball, "--profile", "esm-only"] },
    { name: "size-limit", command: ["size-limit"] },
  ];
}

const sourceChecks: readonly Check[] = [
  { name: "oxlint", command: ["oxlint", "-c", ".config/oxlint.json", "--deny-warnings"] },
  { name: "prettier", command: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "tsc", command: ["tsc", "-b"] },
  { name: "knip", command: ["knip"] },
];

// First: the examples are checked against what users install.
const build: Check = { name: "build", command: ["node", ".config/build.ts", "--if-stale"] };

const directory = mkdtempSync(join(tmpdir(), "berth-check-"));
try {
  const pack: Check = {
    name: "npm pack",
    command: ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", directory],
  };
  const outcomes = [build, ...sourceChecks, pack].map(run);
  const [tarball = "no-tarball.tgz"] = readdirSync(directory);
  outcomes.push(...packageChecks(join(directory, tarball)).map(run));
  const passed = outcomes.filter(Boolean).length;
  console.log(`\n${passed} passed, ${outcomes.length - passed} failed`);
  process.exitCode = passed === outcomes.length ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
