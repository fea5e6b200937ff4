import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { CliError } from "./cli-error.ts";

/** An engine that is there already. */
export interface ExternalEngine {
  readonly kind: "docker" | "podman";
  /** What wrangler needs to find it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a program and gives its stdout. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

/** @returns Docker or Podman when it is installed and answers */
export async function findExternalEngine(
  kinds: readonly ExternalEngine["kind"][],
  run: RunProgram = runProgram,
): Promise<ExternalEngine | undefined> {
  for (const kind of kinds) {
    try {
      const env = kind === "docker" ? await dockerEnv(run) : await podmanEnv(run);
      return { kind, env };
    } catch {
      continue; // not installed, or its daemon does not run
    }
  }
  return undefined;
}

/** @throws {CliError} ENGINE_UNAVAILABLE when the engine that was asked for does not answer */
export async function requireExternalEngine(kind: ExternalEngine["kind"]): Promise<ExternalEngine> {
  const engine = await findExternalEngine([kind]);
  if (engine !== undefined) return engine;
  throw new CliError(
    "ENGINE_UNAVAILABLE",
    `Cannot use --engine ${kind}: "${kind} info" fails; install and start it, ` +
      "or leave the option out for the embedded engine (Linux)",
  );
}

async function dockerEnv(run: RunProgram): Promise<ExternalEngine["env"]> {
  await run("docker", ["info"]);
  return { WRANGLER_DOCKER_BIN: "docker" };
}

async function podmanEnv(run: RunProgram): Promise<ExternalEngine["env"]> {
  const socket = (await run("podman", ["info", "--format", "{{.Host.RemoteSocket.Path}}"])).trim();
  const host = socket.includes("://") ? socket : `unix://${socket}`;
  return { WRANGLER_DOCKER_BIN: "podman", DOCKER_HOST: host };
}

async function runProgram(program: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args, { timeout: 10_000 })).stdout;
}
