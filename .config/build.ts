// Builds dist/: tsup writes the JavaScript, tsc the declarations. With `--if-stale` it does nothing
// when dist/ is newer than everything that goes into it.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const stamp = join(root, "dist", ".built");

function newestMs(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const times = entries
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(0, ...times);
}

function isStale(): boolean {
  if (!existsSync(stamp)) return true;
  const builtAtMs = statSync(stamp).mtimeMs;
  const inputs = [join(root, "src"), join(root, ".config")];
  return inputs.some((directory) => newestMs(directory) > builtAtMs);
}

function run(command: string, args: readonly string[]): void {
  const bin = join(root, "node_modules", ".bin", command);
  const { status, error } = spawnSync(bin, args, { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  throw new Error(`Cannot build: ${command} ended with ${error?.message ?? `exit code ${status}`}`);
}

if (!process.argv.includes("--if-stale") || isStale()) {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  run("tsup", ["--config", ".config/tsup.config.ts", "--silent"]);
  run("tsc", ["-p", ".config/tsconfig.emit-worker.json"]);
  run("tsc", ["-p", ".config/tsconfig.emit-node.json"]);
  writeFileSync(stamp, "");
}
