import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The root of the repository. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** A copy of a project, so that a run leaves nothing in the repository. */
export interface Project {
  readonly path: string;
  /** Where its engines keep their state: what a test finds there is its own. */
  readonly tmpDir: string;
  /** Puts engines' state and images in folders of the project's own. */
  readonly env: Readonly<Record<string, string>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Copies a project to a folder of its own, where it finds this package as a user's would.
 *
 * @param source a folder of the repository; the fixture when left out
 */
export async function createProject(source = "test/e2e/fixture"): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  const path = join(folder, "project");
  const tmpDir = join(folder, "tmp");
  await mkdir(tmpDir);
  const dependencies = join(path, "node_modules");
  await cp(join(REPOSITORY, source), path, {
    recursive: true,
    filter: (file) => !/\/(node_modules|\.wrangler)$/.test(file),
  });
  // As the repository's, which the examples find above them.
  await writeFile(join(path, "package.json"), '{ "private": true, "type": "module" }');
  await mkdir(join(dependencies, "@berth"), { recursive: true });
  await mkdir(join(dependencies, "@cloudflare"));
  await symlink(REPOSITORY, join(dependencies, "@berth/containers"));
  for (const name of [
    "wrangler",
    "vite",
    "vitest",
    "@cloudflare/vite-plugin",
    "@cloudflare/vitest-pool-workers",
  ]) {
    await symlink(join(REPOSITORY, "node_modules", name), join(dependencies, name));
  }
  await cp(join(REPOSITORY, "node_modules/ws"), join(path, "container/node_modules/ws"), {
    recursive: true,
  });
  return {
    path,
    tmpDir,
    env: { TMPDIR: tmpDir, XDG_CACHE_HOME: join(folder, "cache") },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
