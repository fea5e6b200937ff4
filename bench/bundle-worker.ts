import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "tsup";

/** Bundles one file of bench/workers with the library and the peer. */
export async function bundleWorker(file: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "berth-bench-"));
  try {
    await build({
      config: false,
      entry: [join(import.meta.dirname, "workers", file)],
      outDir: directory,
      format: "esm",
      outExtension: () => ({ js: ".mjs" }),
      target: "es2022",
      platform: "neutral",
      external: [/^cloudflare:/],
      noExternal: [/^@cloudflare\//],
      silent: true,
      tsconfig: join(import.meta.dirname, "..", "tsconfig.json"),
    });
    return await readFile(join(directory, `${basename(file, ".ts")}.mjs`), "utf8");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
