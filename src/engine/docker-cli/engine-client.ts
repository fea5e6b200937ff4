import { request, type IncomingMessage } from "node:http";

import { CliError } from "./cli-error.ts";

/** Talks to an engine. */
export interface EngineClient {
  /** The engine's address, as `unix:///path` or `tcp://host:port`. */
  readonly host: string;
  /** @returns the parsed JSON body; throws a {@link CliError} with the engine's message */
  json(method: string, path: string): Promise<unknown>;
  /** Sends JSON and hands out each line of the answer as it comes. */
  lines(method: string, path: string, body: unknown): AsyncIterable<string>;
}

/** Makes a client of the engine at an address. */
export function createEngineClient(host: string): EngineClient {
  const address = parseHost(host);
  const send = (method: string, path: string, body?: unknown): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(text),
      };
      const outgoing = request({ ...address, method, path, headers }, resolve);
      outgoing.once("error", (cause) => reject(unreachable(host, cause)));
      outgoing.end(text);
    });
  return {
    host,
    json: async (method, path) => {
      const answer = await send(method, path);
      const text = await readText(answer);
      if (isFailure(answer)) throw new CliError(messageOf(text));
      return text === "" ? undefined : parseJson(text);
    },
    lines: (method, path, body) => readLines(() => send(method, path, body)),
  };
}

function parseHost(host: string): { socketPath: string } | { host: string; port: number } {
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  if (!host.startsWith("tcp://")) {
    throw new CliError(`cannot use host ${host}: give unix:///path or tcp://host:port`);
  }
  const url = new URL(host.replace(/^tcp:/, "http:"));
  return { host: url.hostname, port: Number(url.port === "" ? "2375" : url.port) };
}

async function* readLines(send: () => Promise<IncomingMessage>): AsyncIterable<string> {
  const answer = await send();
  if (isFailure(answer)) throw new CliError(messageOf(await readText(answer)));
  answer.setEncoding("utf8");
  let rest = "";
  for await (const chunk of answer) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding("utf8");
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}

function isFailure(answer: IncomingMessage): boolean {
  return (answer.statusCode ?? 500) >= 400;
}

function messageOf(text: string): string {
  const body = parseJson(text);
  const isMessage = typeof body === "object" && body !== null && "message" in body;
  return isMessage ? String(body.message) : text.trim() || "the engine gave no reason";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an answer that is no JSON has no fields; messageOf() shows its text
  }
}

function unreachable(host: string, cause: Error): CliError {
  return new CliError(
    `Cannot connect to the engine at ${host}: ${cause.message}; ` +
      "start it with berth dev, or run this command by berth engine -- COMMAND",
    { cause },
  );
}
