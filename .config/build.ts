// Builds dist/: tsup writes the JavaScript, tsc the declarations. With `--if-stale` it does nothing
// when dist/ is newer than everything that goes into it.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const stamp = join(root, "node_modules", ".cache", "berth", "built");

function newestMs(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const times = entries
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(0, ...times);
}

function isStale(): boolean {
  if (!existsSync(stamp) || !existsSync(dist)) return true;
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

/** The packages whose code went into what was built: the bundler names each file in a comment. */
function bundledPackages(directory: string): readonly string[] {
  const scripts = readdirSync(directory).filter((name) => name.endsWith(".js"));
  const names = scripts.flatMap((name) => {
    const code = readFileSync(join(directory, name), "utf8");
    const comments = code.matchAll(/^\s*\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm);
    return Array.from(comments, ([, name = ""]) => name);
  });
  return [...new Set(names)].sort();
}

function licenseOf(name: string): string {
  const directory = join(root, "node_modules", name);
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`Cannot bundle ${name}: it brings no license`);
  return `${name}\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
}

/** Who copies a package passes on its license. */
function writeLicenses(directory: string): void {
  const licenses = bundledPackages(directory).map(licenseOf);
  writeFileSync(join(directory, "third-party-licenses.txt"), licenses.join("\n---\n\n"));
}

/**
 * Builds beside dist/ and swaps, so that a failed build leaves the old one, and whoever runs from
 * dist/ meanwhile never finds it half empty.
 */
function build(): void {
  const fresh = join(root, `.dist-${process.pid}`);
  const old = `${fresh}-old`;
  const startedAt = new Date();
  try {
    run("tsup", ["--config", ".config/tsup.config.ts", "--silent", "--out-dir", fresh]);
    for (const project of ["worker", "node"]) {
      const config = `.config/tsconfig.emit-${project}.json`;
      run("tsc", ["-p", config, "--outDir", join(fresh, "types")]);
    }
    writeLicenses(fresh);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, "");
    // A source that changed during the build is newer than what was built.
    utimesSync(stamp, startedAt, startedAt);
  } finally {
    for (const directory of [fresh, old]) rmSync(directory, { recursive: true, force: true });
  }
}

if (!process.argv.includes("--if-stale") || isStale()) build();
