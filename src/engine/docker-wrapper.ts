import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Writes the `docker` command that wrangler is given: one file, since WRANGLER_DOCKER_BIN names a
 * program and no arguments.
 *
 * @param directory where it goes
 * @returns its path
 */
export async function writeDockerWrapper(directory: string): Promise<string> {
  const path = join(directory, "docker");
  const command = [process.execPath, findDockerCli()].map(quote).join(" ");
  await writeFile(path, `#!/bin/sh\nexec ${command} "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

/** From the sources Node runs TypeScript as it is; the published bundles lie flat. */
function findDockerCli(): string {
  const isSource = import.meta.url.endsWith(".ts");
  const relative = isSource ? "./docker-cli/main.ts" : "./docker-cli.js";
  return fileURLToPath(new URL(relative, import.meta.url));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
