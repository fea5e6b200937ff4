import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";

import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { EngineContext } from "./engine-context.ts";
import { stringField, stringMapField, type JsonObject } from "./json-fields.ts";
import { matchesFilters, parseFilters } from "./resource-filters.ts";
import type { Volume } from "./volume-table.ts";

/** The endpoints of volumes, which are directories of the engine. */
export function volumeRoutes(engine: EngineContext): readonly ApiRoute[] {
  const { volumes } = engine;
  return [
    {
      method: "POST",
      pattern: "/volumes/create",
      handler: (request) => createVolume(engine, request),
    },
    {
      method: "GET",
      pattern: "/volumes",
      handler: (request) => listVolumes(engine, request),
    },
    {
      method: "GET",
      pattern: "/volumes/:name",
      handler: ({ params }) => ({
        kind: "json",
        status: 200,
        body: toVolumeInspect(volumes.get(params["name"] ?? "")),
      }),
    },
    {
      method: "DELETE",
      pattern: "/volumes/:name",
      handler: ({ params }) => {
        const volume = volumes.get(params["name"] ?? "");
        volumes.delete(volume.name);
        engine.discard(volume.directory);
        return { kind: "empty", status: 204 };
      },
    },
  ];
}

async function createVolume(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json();
  const name = stringField(body, "Name") ?? randomBytes(32).toString("hex");
  const { volume, isNew } = engine.volumes.add(name, stringMapField(body, "Labels"));
  await mkdir(volume.directory, { recursive: true });
  return { kind: "json", status: isNew ? 201 : 200, body: toVolumeInspect(volume) };
}

function listVolumes(engine: EngineContext, request: ApiRequest): ApiAnswer {
  const filters = parseFilters(request.query.get("filters"), ["label", "name", "driver"]);
  const found = engine.volumes.list().filter((volume) =>
    matchesFilters(filters, {
      values: { driver: "local" },
      names: [volume.name],
      labels: volume.labels,
    }),
  );
  const body = { Volumes: found.map(toVolumeInspect), Warnings: null };
  return { kind: "json", status: 200, body };
}

function toVolumeInspect(volume: Volume): JsonObject {
  return {
    Name: volume.name,
    Driver: "local",
    Mountpoint: volume.directory,
    CreatedAt: new Date(volume.createdAtMs).toISOString(),
    Labels: volume.labels,
    Scope: "local",
    Options: null,
  };
}
