import { spawnSync } from "node:child_process";
import { beforeEach } from "vitest";
import { isOnDocker } from "./engine-under-test.ts";

/** Why containers can't run on this host; undefined when they can. */
export const obstacle = findObstacle();

/** Skips every test of a file, with the reason, where containers can't run. */
export function skipWithoutNamespaces(): void {
  beforeEach((context) => context.skip(obstacle !== undefined, obstacle));
}

function findObstacle(): string | undefined {
  if (isOnDocker) return undefined;
  if (process.platform !== "linux") return "the embedded engine needs Linux";
  const isRoot = process.getuid?.() === 0;
  const flags = isRoot ? [] : ["--user", "--map-root-user"];
  const args = [...flags, "--net", "--pid", "--fork", "--mount", "true"];
  const { status } = spawnSync("unshare", args, { stdio: "ignore" });
  return status === 0 ? undefined : "this host forbids namespaces, or has no unshare";
}
