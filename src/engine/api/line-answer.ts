import { PassThrough } from "node:stream";

import type { ApiAnswer } from "./api-exchange.ts";
import type { JsonObject } from "./json-fields.ts";

/** Work that is told of by lines of JSON. */
export type LineWork = (log: (line: string) => void, signal: AbortSignal) => Promise<JsonObject>;

/**
 * Answers with what work tells while it goes, `{stream}`, and its result or `{error}` at the end. A
 * client that leaves aborts it.
 */
export function answerByLines(work: LineWork): ApiAnswer {
  const lines = new PassThrough();
  const left = new AbortController();
  lines.once("close", () => left.abort());
  const write = (line: JsonObject): void => {
    if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`);
  };
  void work((line) => write({ stream: line }), left.signal)
    .then(write, (error: unknown) =>
      write({ error: error instanceof Error ? error.message : String(error) }),
    )
    .then(() => lines.end());
  return { kind: "stream", status: 200, contentType: "application/x-ndjson", body: lines };
}
