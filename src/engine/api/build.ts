import { PassThrough } from "node:stream";

import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { BuildRequest, EngineContext } from "./engine-context.ts";
import { stringField, stringMapField, type JsonObject } from "./json-fields.ts";

/**
 * The endpoint of builds, the engine's own: the classic one of Docker wants the context as a tar,
 * which the `docker` command on the same machine need not make.
 */
export function buildRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    {
      method: "POST",
      pattern: "/berth/build",
      handler: (request) => build(engine, request),
    },
  ];
}

async function build(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const buildRequest = parseBuildRequest(await request.json());
  const lines = new PassThrough();
  const write = (line: JsonObject): void => {
    if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`);
  };
  void engine
    .build(buildRequest, (line) => write({ stream: line }))
    .then(
      (image) => write({ imageId: image.id }),
      (error: unknown) =>
        write({
          error: error instanceof Error ? error.message : String(error),
        }),
    )
    .then(() => lines.end());
  return {
    kind: "stream",
    status: 200,
    contentType: "application/x-ndjson",
    body: lines,
  };
}

function parseBuildRequest(body: JsonObject): BuildRequest {
  const dockerfilePath = stringField(body, "dockerfilePath") ?? "";
  const target = stringField(body, "target") ?? "";
  return {
    dockerfile: required(body, "dockerfile"),
    contextDir: required(body, "contextDir"),
    tag: required(body, "tag"),
    buildArgs: stringMapField(body, "buildArgs"),
    ...(dockerfilePath !== "" && { dockerfilePath }),
    ...(target !== "" && { target }),
  };
}

function required(body: JsonObject, name: string): string {
  const value = stringField(body, name);
  if (value !== undefined) return value;
  throw new EngineError("BAD_REQUEST", `Cannot build: no ${name}; give one`);
}
