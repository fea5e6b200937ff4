import type { Image } from "../../images/image-store.ts";
import { GATEWAY_IMAGE, GATEWAY_IMAGE_ID } from "./gateway-image.ts";
import type { JsonObject } from "./json-fields.ts";

/** Makes the answer of `GET /images/REFERENCE/json`. workerd walks `Parent` up at a restore. */
export function toImageInspect(image: Image): JsonObject {
  const { config } = image;
  return {
    Id: image.id,
    Parent: image.parent ?? "",
    RepoTags: image.tags,
    RepoDigests: [],
    Created: new Date(image.createdAtMs).toISOString(),
    Size: image.sizeBytes,
    Os: "linux",
    Architecture: process.arch === "x64" ? "amd64" : process.arch,
    Config: {
      Env: Object.entries(config.env).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint.length > 0 ? config.entrypoint : null,
      Cmd: config.cmd.length > 0 ? config.cmd : null,
      WorkingDir: config.workingDir,
      User: config.user ?? "",
      ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [`${port}/tcp`, {}])),
      Labels: config.labels,
      ...(config.stopSignal !== undefined && { StopSignal: config.stopSignal }),
    },
    RootFS: { Type: "layers", Layers: [] },
  };
}

/** Makes one element of the answer of `GET /images/json`. */
export function toImageSummary(image: Image): JsonObject {
  return {
    Id: image.id,
    ParentId: image.parent ?? "",
    RepoTags: image.tags,
    RepoDigests: [],
    Created: Math.floor(image.createdAtMs / 1000),
    Size: image.sizeBytes,
    SharedSize: -1,
    Labels: image.config.labels,
    Containers: -1,
  };
}

/**
 * Makes the answer for the egress interceptor's image, which the engine has built in.
 *
 * @param reference as asked for, so that a client that compares finds it
 */
export function toGatewayInspect(reference: string): JsonObject {
  return {
    Id: GATEWAY_IMAGE_ID,
    Parent: "",
    RepoTags: [...new Set([reference, GATEWAY_IMAGE])],
    RepoDigests: [],
    Created: "2025-01-01T00:00:00Z",
    Size: 0,
    Os: "linux",
    Architecture: process.arch === "x64" ? "amd64" : process.arch,
    Config: {
      Env: [],
      Cmd: null,
      Entrypoint: null,
      ExposedPorts: {},
      Labels: {},
    },
    RootFS: { Type: "layers", Layers: [] },
  };
}
