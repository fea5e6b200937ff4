import type { ImageConfig } from "../image.ts";
import type { ConfigDocument } from "./config-document.ts";
import type { Platform } from "./descriptor.ts";
import { isJsonObject, type JsonObject } from "./json-fields.ts";

/** What a config document is made of. */
export interface ConfigParts {
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Lowest first. */
  readonly diffIds: readonly string[];
  /** The instruction that made each layer; "" or left out where it is not known. */
  readonly history: readonly string[];
  readonly epochSeconds: number;
  /** What the image stands on, and with how many layers. */
  readonly base: { readonly document: ConfigDocument; readonly layerCount: number } | undefined;
}

/**
 * Writes an image's config. What is said of the image that it stands on and is not known here is
 * kept, with the history; only ONBUILD is not, since it was for the build that just was.
 */
export function writeConfig(parts: ConfigParts): JsonObject {
  const { config, platform, diffIds, base } = parts;
  const below = base?.document.json ?? {};
  const belowConfig = isJsonObject(below["config"]) ? below["config"] : {};
  const { OnBuild: _forTheBuild, ...kept } = belowConfig;
  return {
    ...below,
    ...platform,
    created: toTimestamp(parts.epochSeconds),
    config: { ...kept, ...configFields(config, belowConfig) },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: toHistory(parts),
  };
}

/** A field that says nothing is written as undefined, which leaves it out of the JSON. */
function configFields(config: ImageConfig, below: JsonObject): JsonObject {
  const unlessEmpty = (list: readonly string[]): readonly string[] | undefined =>
    list.length === 0 ? undefined : list;
  const labels = Object.keys(config.labels).length === 0 ? undefined : config.labels;
  return {
    Env: unlessEmpty(Object.entries(config.env).map(([name, value]) => `${name}=${value}`)),
    Entrypoint: unlessEmpty(config.entrypoint),
    Cmd: unlessEmpty(config.cmd),
    WorkingDir: config.workingDir,
    User: config.user,
    ExposedPorts: toExposedPorts(config.exposedPorts, below["ExposedPorts"]),
    Labels: labels,
    StopSignal: config.stopSignal,
    Shell: config.shell,
    Volumes: config.volumes && Object.fromEntries(config.volumes.map((path) => [path, {}])),
    Healthcheck: config.healthcheck,
  };
}

function toExposedPorts(ports: readonly number[], below: unknown): JsonObject | undefined {
  const others = isJsonObject(below)
    ? Object.keys(below).filter((key) => /\/(?!tcp)/.test(key))
    : [];
  const names = [...ports.map((port) => `${port}/tcp`), ...others];
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}

/** There has to be one entry a layer, besides those that say they are empty. */
function toHistory({ diffIds, base, epochSeconds, history }: ConfigParts): readonly unknown[] {
  const known: unknown = base?.document.json["history"];
  const entries: readonly unknown[] = Array.isArray(known) ? known : [];
  const isEmpty = (entry: unknown): boolean => isJsonObject(entry) && entry["empty_layer"] === true;
  const described = entries.filter((entry) => !isEmpty(entry)).length;
  const isUsable = base !== undefined && described === base.layerCount;
  const created = toTimestamp(epochSeconds);
  const own = diffIds.map((_diffId, index) => {
    const made = history[index] ?? "";
    return { created, created_by: made === "" ? "berth images build" : made };
  });
  return isUsable ? [...entries, ...own.slice(described)] : own;
}

function toTimestamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace(".000Z", "Z");
}
