import { ImageError } from "../../images/image-error.ts";
import type { Credentials } from "../../images/registry/credentials.ts";
import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { EngineContext, TransferRequest } from "./engine-context.ts";
import { buildWhenMapped, findImage } from "./find-image.ts";
import { isGatewayImage } from "./gateway-image.ts";
import { isJsonObject, stringField, type JsonObject } from "./json-fields.ts";
import { answerByLines } from "./line-answer.ts";

/**
 * The endpoints of pushing and pulling, the engine's own: the `docker` command finds the credentials
 * where its user keeps them, and sends them along.
 */
export function transferRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    { method: "POST", pattern: "/berth/push", handler: (request) => push(engine, request) },
    { method: "POST", pattern: "/berth/pull", handler: (request) => pull(engine, request) },
  ];
}

async function push(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const asked = parseRequest(await request.json());
  const image = await findImage(engine, asked.reference);
  return answerByLines(async (log, signal) => {
    const { digest, sizeBytes } = await engine.transfers.push(image, { ...asked, log, signal });
    return { digest, sizeBytes };
  });
}

/** What is mapped to a Dockerfile is built; the gateway's image is built in. */
async function pull(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const asked = parseRequest(await request.json());
  return answerByLines(async (log, signal) => {
    if (isGatewayImage(asked.reference)) return { reference: asked.reference };
    const mapped = await buildWhenMapped(engine, asked.reference);
    const image = mapped ?? (await pullOrKeep(engine, { ...asked, log, signal }));
    return { reference: asked.reference, imageId: image.id };
  });
}

/** Without a way to the registry, and for a name that was only given here, what is here will do. */
async function pullOrKeep(
  engine: EngineContext,
  request: TransferRequest,
): ReturnType<EngineContext["transfers"]["pull"]> {
  try {
    return await engine.transfers.pull(request);
  } catch (error) {
    const here = await engine.images.get(request.reference);
    if (here === undefined || !(error instanceof ImageError)) throw error;
    request.log(`${error.message}; the image that is here is used`);
    return here;
  }
}

function parseRequest(body: JsonObject): Pick<TransferRequest, "credentials" | "reference"> {
  const reference = stringField(body, "reference");
  if (reference === undefined || reference === "") {
    throw new EngineError("BAD_REQUEST", "Cannot move an image: no reference; give one");
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
