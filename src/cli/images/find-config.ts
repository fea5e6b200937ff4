import { existsSync } from "node:fs";
import { join } from "node:path";

/** As wrangler looks for them. */
const names = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

/** @returns the wrangler configuration of a project, when it has one */
export function findConfig(projectDir: string): string | undefined {
  return names.map((name) => join(projectDir, name)).find((path) => existsSync(path));
}
