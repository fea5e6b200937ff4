import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Global setup of the tests that need dist/: builds it when a source is newer. */
export default function freshDist(): void {
  const build = join(import.meta.dirname, "build.ts");
  const { status } = spawnSync(process.execPath, [build, "--if-stale"], { stdio: "inherit" });
  if (status !== 0) throw new Error("Cannot run the tests: dist/ does not build");
}
