import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { EngineContext } from "./engine-context.ts";
import { stringField, stringMapField, type JsonObject } from "./json-fields.ts";
import { matchesFilters, parseFilters } from "./resource-filters.ts";

interface Volume {
  readonly name: string;
  readonly directory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

type VolumeTable = Map<string, Volume>;

/** The endpoints of volumes, which are directories of the engine. */
export function volumeRoutes(engine: EngineContext): readonly ApiRoute[] {
  const volumes: VolumeTable = new Map();
  return [
    {
      method: "POST",
      pattern: "/volumes/create",
      handler: (request) => createVolume(engine, volumes, request),
    },
    {
      method: "GET",
      pattern: "/volumes",
      handler: (request) => listVolumes(volumes, request),
    },
    {
      method: "GET",
      pattern: "/volumes/:name",
      handler: ({ params }) => ({
        kind: "json",
        status: 200,
        body: toVolumeInspect(find(volumes, params["name"])),
      }),
    },
    {
      method: "DELETE",
      pattern: "/volumes/:name",
      handler: ({ params }) => {
        const volume = find(volumes, params["name"]);
        volumes.delete(volume.name);
        engine.discard(volume.directory);
        return { kind: "empty", status: 204 };
      },
    },
  ];
}

async function createVolume(
  engine: EngineContext,
  volumes: VolumeTable,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const body = await request.json();
  const name = stringField(body, "Name") ?? randomBytes(32).toString("hex");
  const known = volumes.get(name);
  if (known !== undefined) return { kind: "json", status: 200, body: toVolumeInspect(known) };
  const volume: Volume = {
    name,
    directory: join(engine.stateDir, "volumes", randomBytes(8).toString("hex")),
    labels: stringMapField(body, "Labels"),
    createdAtMs: Date.now(),
  };
  volumes.set(name, volume);
  await mkdir(volume.directory, { recursive: true });
  return { kind: "json", status: 201, body: toVolumeInspect(volume) };
}

function listVolumes(volumes: VolumeTable, request: ApiRequest): ApiAnswer {
  const filters = parseFilters(request.query.get("filters"), ["label", "name", "driver"]);
  const found = [...volumes.values()].filter((volume) =>
    matchesFilters(filters, {
      values: { driver: "local" },
      names: [volume.name],
      labels: volume.labels,
    }),
  );
  const body = { Volumes: found.map(toVolumeInspect), Warnings: null };
  return { kind: "json", status: 200, body };
}

function find(volumes: VolumeTable, name: string | undefined): Volume {
  const volume = volumes.get(name ?? "");
  if (volume !== undefined) return volume;
  throw new EngineError("NO_SUCH_VOLUME", `Cannot find volume: get ${name}: no such volume`);
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
