import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A request that the fake engine got. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** An answer: JSON, or text lines when it is a list. */
export type FakeAnswer = {
  readonly status?: number;
  readonly json?: unknown;
  readonly lines?: readonly unknown[];
};

/** A unix socket that answers as a test says. */
export interface FakeEngine {
  readonly host: string;
  readonly directory: string;
  readonly seen: SeenRequest[];
  answers: (request: SeenRequest) => FakeAnswer;
  /** Runs the docker command against it. */
  docker(args: readonly string[], options?: DockerOptions): Promise<DockerResult>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to run it. */
export interface DockerOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What came of it. */
export interface DockerResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = new URL("../../src/engine/docker-cli/main.ts", import.meta.url).pathname;

/** Starts a fake engine. */
export async function startFakeEngine(): Promise<FakeEngine> {
  const directory = await mkdtemp(join(tmpdir(), "berth-docker-"));
  const socketPath = join(directory, "docker.sock");
  const seen: SeenRequest[] = [];
  const server = createServer((message, response) => {
    void readRequest(message).then((request) => {
      seen.push(request);
      const { status = 200, json, lines } = engine.answers(request);
      response.writeHead(status, { "content-type": "application/json" });
      for (const line of lines ?? []) response.write(`${JSON.stringify(line)}\n`);
      response.end(json === undefined ? undefined : JSON.stringify(json));
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  const engine: FakeEngine = {
    host: `unix://${socketPath}`,
    directory,
    seen,
    answers: () => ({ status: 404, json: { message: "no such thing" } }),
    docker: (args, options) => runDocker(args, { DOCKER_HOST: `unix://${socketPath}` }, options),
    [Symbol.asyncDispose]: () => close(server, directory),
  };
  return engine;
}

async function readRequest(message: IncomingMessage): Promise<SeenRequest> {
  const body = await text(message);
  const parsed: unknown = body === "" ? undefined : JSON.parse(body);
  return { method: message.method ?? "", url: message.url ?? "", body: parsed };
}

async function runDocker(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: DockerOptions = {},
): Promise<DockerResult> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env, ...options.env },
    cwd: options.cwd,
  });
  child.stdin.on("error", () => undefined); // a command that reads no stdin may end first
  child.stdin.end(options.stdin ?? "");
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { exitCode: typeof exitCode === "number" ? exitCode : null, stdout, stderr };
}

async function close(server: Server, directory: string): Promise<void> {
  server.close();
  server.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
}
