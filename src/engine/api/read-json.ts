import type { Readable } from "node:stream";

import { EngineError } from "../engine-error.ts";
import { isJsonObject, type JsonObject } from "./json-fields.ts";

const MAX_JSON_BYTES = 16 * 1024 * 1024;

/**
 * Reads a body as a JSON object; an empty one is `{}`.
 *
 * @throws {EngineError} BAD_REQUEST when it is none; TOO_LARGE
 */
export async function readJson(body: Readable): Promise<JsonObject> {
  const text = await readText(body);
  if (text.trim() === "") return {};
  const value = parseJson(text);
  if (isJsonObject(value)) return value;
  throw new EngineError("BAD_REQUEST", `Cannot read body: ${text.slice(0, 100)}; send an object`);
}

async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      sizeBytes += bytes.length;
      if (sizeBytes <= MAX_JSON_BYTES) chunks.push(bytes);
    }
  } catch (cause) {
    throw new EngineError("BAD_REQUEST", "Cannot read body: the client left", {
      cause,
    });
  }
  if (sizeBytes > MAX_JSON_BYTES) {
    const text = `Cannot read body: ${sizeBytes} bytes; send at most ${MAX_JSON_BYTES}`;
    throw new EngineError("TOO_LARGE", text);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const error = `Cannot read body: invalid JSON: ${text.slice(0, 100)}; send a JSON object`;
    throw new EngineError("BAD_REQUEST", error, { cause });
  }
}
