import { text } from "node:stream/consumers";

import { ImageError } from "../../images/image-error.ts";
import { CliError } from "./cli-error.ts";
import { createEngineClient } from "./engine-client.ts";
import { findCommand } from "./find-command.ts";

/** The `docker` command that wrangler is given: as much of it as wrangler calls. */
async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "--version" || argv[0] === "-v") {
    process.stdout.write("Docker version 28.0.0, build berth (embedded engine)\n");
    return;
  }
  const { command, args, host } = findCommand(argv);
  await command({
    args,
    client: createEngineClient(host ?? process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock"),
    print: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    readStdin: () => text(process.stdin),
    env: process.env,
    cwd: process.cwd(),
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CliError || error instanceof ImageError;
  const reason = isExpected ? error.message : String(error);
  process.stderr.write(`ERROR: ${reason}\n`);
  process.exitCode = 1;
}
