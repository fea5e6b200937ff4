import type { Credentials } from "../../images/registry/credentials.ts";
import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { EngineContext, PushRequest } from "./engine-context.ts";
import { findImage } from "./find-image.ts";
import { isJsonObject, stringField, type JsonObject } from "./json-fields.ts";
import { answerByLines } from "./line-answer.ts";

/**
 * The endpoint of pushing, the engine's own: the `docker` command finds the credentials
 * where its user keeps them, and sends them along.
 */
export function pushRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [{ method: "POST", pattern: "/berth/push", handler: (request) => push(engine, request) }];
}

async function push(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const asked = parseRequest(await request.json());
  const image = await findImage(engine, asked.reference);
  return answerByLines(async (log, signal) => {
    const { digest, sizeBytes } = await engine.push(image, { ...asked, log, signal });
    return { digest, sizeBytes };
  });
}

function parseRequest(body: JsonObject): Pick<PushRequest, "credentials" | "reference"> {
  const reference = stringField(body, "reference");
  if (reference === undefined || reference === "") {
    throw new EngineError("BAD_REQUEST", "Cannot push an image: no reference; give one");
  }
  return { reference, credentials: parseCredentials(body["credentials"]) };
}

function parseCredentials(value: unknown): Credentials | undefined {
  if (!isJsonObject(value)) return undefined;
  const token = stringField(value, "token");
  if (token !== undefined) return { kind: "identity-token", token };
  const username = stringField(value, "username");
  const password = stringField(value, "password");
  if (username === undefined || password === undefined) return undefined;
  return { kind: "basic", username, password };
}
