import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The root of the repository. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** A copy of the fixture, so that a run leaves nothing in the repository. */
export interface Project {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Copies the fixture to a folder of its own, where it finds this package as a user's would. */
export async function createProject(): Promise<Project> {
  const path = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  await cp(join(REPOSITORY, "test/e2e/fixture"), path, { recursive: true });
  await mkdir(join(path, "node_modules/@berth"), { recursive: true });
  await symlink(REPOSITORY, join(path, "node_modules/@berth/containers"));
  await symlink(join(REPOSITORY, "node_modules/wrangler"), join(path, "node_modules/wrangler"));
  await cp(join(REPOSITORY, "node_modules/ws"), join(path, "container/node_modules/ws"), {
    recursive: true,
  });
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
