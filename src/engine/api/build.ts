import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { BuildRequest, EngineContext } from "./engine-context.ts";
import { answerByLines } from "./line-answer.ts";
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
  return answerByLines(async (log) => ({ imageId: (await engine.build(buildRequest, log)).id }));
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
