import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import { AppContainer } from "./app-container.ts";
import { copyLayer } from "./copy-layer.ts";
import type { EngineContext } from "./engine-context.ts";
import { findImage, findLocalImage, refreshImage } from "./find-image.ts";
import { isGatewayImage } from "./gateway-image.ts";
import { toGatewayInspect, toImageInspect, toImageSummary } from "./image-json.ts";

/** The endpoints of images and of commit. */
export function imageRoutes(engine: EngineContext): readonly ApiRoute[] {
  const route = (
    method: string,
    pattern: string,
    handler: (engine: EngineContext, request: ApiRequest) => Promise<ApiAnswer>,
  ): ApiRoute => ({
    method,
    pattern,
    handler: (request) => handler(engine, request),
  });
  return [
    route("GET", "/images/json", listImages),
    route("POST", "/images/create", pullImage),
    route("GET", "/images/*name/json", inspectImage),
    route("POST", "/images/*name/tag", tagImage),
    route("DELETE", "/images/*name", removeImage),
    route("POST", "/commit", commit),
  ];
}

async function listImages(engine: EngineContext): Promise<ApiAnswer> {
  const images = await engine.images.list();
  return { kind: "json", status: 200, body: images.map(toImageSummary) };
}

/** Says what is here; nothing is pulled for it, as with Docker. */
async function inspectImage(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const reference = request.params["name"] ?? "";
  if (isGatewayImage(reference)) {
    return { kind: "json", status: 200, body: toGatewayInspect(reference) };
  }
  const image = await findLocalImage(engine, reference);
  if (image !== undefined) return { kind: "json", status: 200, body: toImageInspect(image) };
  throw new EngineError(
    "NO_SUCH_IMAGE",
    `Cannot inspect image: no such image: ${reference}; build it, or get it by docker pull`,
  );
}

/** `docker pull`: a mapped reference is built, any other fetched from its registry. */
async function pullImage(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const name = request.query.get("fromImage") ?? "";
  const tag = request.query.get("tag") ?? "";
  const reference = tag === "" ? name : `${name}${tag.includes(":") ? "@" : ":"}${tag}`;
  if (!isGatewayImage(reference)) await refreshImage(engine, reference);
  return {
    kind: "json",
    status: 200,
    body: { status: `Image is up to date for ${reference}` },
  };
}

async function tagImage(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const image = await findImage(engine, request.params["name"] ?? "");
  await engine.images.tag(image.id, targetReference(request));
  return { kind: "empty", status: 201 };
}

async function removeImage(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const reference = request.params["name"] ?? "";
  const image = await engine.images.get(reference);
  if (image === undefined) {
    throw new EngineError("NO_SUCH_IMAGE", `Cannot remove image: no such image: ${reference}`);
  }
  const user = engine.containers.list().find((container) => container.imageId === image.id);
  if (user !== undefined && image.tags.length <= 1) {
    throw new EngineError(
      "CONFLICT",
      `Cannot remove image ${reference}: container ${user.name} uses it; remove that first`,
    );
  }
  await engine.images.remove(reference);
  return { kind: "json", status: 200, body: [{ Untagged: reference }] };
}

async function commit(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const container = engine.containers.get(request.query.get("container") ?? "");
  if (!(container instanceof AppContainer)) {
    throw new EngineError("NOT_SUPPORTED", `Cannot commit ${container.name}: it has no files`);
  }
  const parent = await findImage(engine, container.imageId);
  const tag = request.query.get("repo") === null ? {} : { tag: targetReference(request) };
  await mkdir(engine.commitsDir, { recursive: true });
  const layerDir = join(engine.commitsDir, randomBytes(8).toString("hex"));
  try {
    await copyLayer(container.rootfs.writableDir, layerDir);
    const image = await engine.images.commit(parent, layerDir, tag);
    return { kind: "json", status: 201, body: { Id: image.id } };
  } catch (error) {
    engine.discard(layerDir);
    throw error;
  }
}

function targetReference(request: ApiRequest): string {
  const repo = request.query.get("repo") ?? "";
  if (repo === "") throw new EngineError("BAD_REQUEST", "Cannot tag an image: no repo; give one");
  return `${repo}:${request.query.get("tag") ?? "latest"}`;
}
