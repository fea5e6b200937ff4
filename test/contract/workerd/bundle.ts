import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "tsup";

const WORKER = { format: "esm", platform: "neutral" } as const;

/** Bundles a file of this suite with all that it imports. */
export async function bundle(path: string, kind: "app" | "worker"): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "berth-contract-"));
  try {
    await build({
      config: false,
      entry: [join(import.meta.dirname, "..", path)],
      outDir: directory,
      // The one package of the app calls require(), which a module of Node's does not have.
      ...(kind === "app" ? ({ format: "cjs", platform: "node" } as const) : WORKER),
      outExtension: () => ({ js: ".js" }),
      target: "es2022",
      external: [/^cloudflare:/],
      noExternal: ["ws"],
      silent: true,
      tsconfig: join(import.meta.dirname, "..", "..", "..", "tsconfig.json"),
    });
    return await readFile(join(directory, `${basename(path, ".ts")}.js`), "utf8");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
