// `npm run versus`: plays the scenarios with both packages, and prints the matrix.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const mode = process.argv.includes("--write") ? "write" : "print";
const { status } = spawnSync(
  "vitest",
  ["run", "--config", ".config/vitest.config.ts", "--project", "sim", "test/sim/versus.test.ts"],
  { cwd: root, stdio: "inherit", env: { ...process.env, VERSUS: mode } },
);
process.exitCode = status ?? 1;
