import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** Files of a made-up project: path to text. */
export type PlantedFiles = Readonly<Record<string, string>>;

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

/**
 * Lints the files as if they stood in this project.
 *
 * @returns for each file that has findings, the rules that it breaks
 */
export function lintPlanted(files: PlantedFiles): ReadonlyMap<string, ReadonlySet<string>> {
  const directory = mkdtempSync(join(tmpdir(), "berth-lint-"));
  try {
    plant(directory, files);
    const oxlint = join(root, "node_modules", ".bin", "oxlint");
    const args = ["-c", ".config/oxlint.json", "-f", "json", "src"];
    const { stdout } = spawnSync(oxlint, args, {
      cwd: directory,
      encoding: "utf8",
      timeout: 30_000,
    });
    return rulesByFile(JSON.parse(stdout));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function plant(directory: string, files: PlantedFiles): void {
  mkdirSync(join(directory, ".config"));
  for (const name of ["oxlint.json", "house-plugin.ts"]) {
    cpSync(join(root, ".config", name), join(directory, ".config", name));
  }
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  const tsconfig = {
    compilerOptions: { strict: true, lib: ["es2024"], types: ["node"], noEmit: true },
    include: ["src", "test"],
  };
  const all = { ...files, "tsconfig.json": JSON.stringify(tsconfig) };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function rulesByFile(report: Report): ReadonlyMap<string, ReadonlySet<string>> {
  const rules = new Map<string, Set<string>>();
  for (const { code, filename } of report.diagnostics) {
    rules.set(filename, (rules.get(filename) ?? new Set()).add(code));
  }
  return rules;
}
