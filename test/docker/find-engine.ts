import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { askDocker } from "./docker-api.ts";

/** A Docker engine that the tests can use. */
export interface FoundEngine {
  readonly socketPath: string;
  /** The absolute path of the docker program. */
  readonly program: string;
  /** As in "20.10.24". */
  readonly version: string;
}

/** Why there is none. */
export interface NoEngine {
  readonly reason: string;
}

const TIMEOUT_MS = 5_000;

/** Finds what DOCKER_HOST names, or what listens on Docker's usual socket. */
export async function findEngine(
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundEngine | NoEngine> {
  const host = env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://"))
    return {
      reason: `DOCKER_HOST is ${host}, and workerd's ports must be on the engine's machine`,
    };
  const socketPath = host.slice("unix://".length);
  try {
    const about = await askDocker(socketPath, "/version", AbortSignal.timeout(TIMEOUT_MS));
    const { Os: os, Version: version } = about as { readonly Os: string; readonly Version: string };
    if (os !== "linux") return { reason: `the Docker engine at ${host} runs ${os} containers` };
    const program = await findProgram();
    return program === undefined
      ? { reason: "there is no docker program on the PATH" }
      : { socketPath, program, version };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { reason: `no Docker engine answers at ${host}: ${reason}` };
  }
}

async function findProgram(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("sh", ["-c", "command -v docker"]);
    return stdout.trim();
  } catch {
    return undefined; // the shell knows none
  }
}
