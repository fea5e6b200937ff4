import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream";

import { EngineError } from "../engine-error.ts";
import type { ApiAnswer } from "./api-exchange.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

/** Makes Docker's form of an error: a status and `{ message }`. */
export function answerError(error: unknown): ApiAnswer {
  const status = error instanceof EngineError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "json", status, body: { message } };
}

/** Writes an answer; a client that has left is no error. */
export function sendAnswer(response: ServerResponse, answer: ApiAnswer): void {
  response.on("error", () => undefined); // the client has left; nobody is there to be told
  switch (answer.kind) {
    case "json":
      sendText(response, toJson(answer.body), { status: answer.status, headers: JSON_TYPE });
      return;
    case "text":
      sendText(response, answer.body, {
        status: answer.status,
        headers: { "Content-Type": "text/plain; charset=utf-8", ...answer.headers },
      });
      return;
    case "empty":
      sendEmpty(response, answer.status);
      return;
    case "later":
      sendLater(response, answer.status, answer.body);
      return;
    case "stream":
      response.writeHead(answer.status, { "Content-Type": answer.contentType });
      // A failure half-way can only be told by a cut connection: pipeline destroys the response.
      pipeline(answer.body, response, () => undefined);
      return;
    case "hijack":
      throw new TypeError("Cannot send a hijack answer as a response: no upgrade was asked for");
  }
}

function sendText(
  response: ServerResponse,
  text: string,
  { status, headers }: { status: number; headers: Readonly<Record<string, string>> },
): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

function sendEmpty(response: ServerResponse, status: number): void {
  const hasNoBody = status === 204 || status === 304;
  response.writeHead(status, hasNoBody ? {} : { "Content-Length": 0 });
  response.end();
}

function sendLater(response: ServerResponse, status: number, body: Promise<unknown>): void {
  response.writeHead(status, JSON_TYPE);
  response.flushHeaders();
  body.then(
    (value) => response.end(toJson(value)),
    () => response.destroy(), // the status is out; a cut connection is all that can tell
  );
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
