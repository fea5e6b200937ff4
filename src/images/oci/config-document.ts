import type { ImageConfig } from "../image.ts";
import { ImageError } from "../image-error.ts";
import { isDigest } from "./is-digest.ts";
import { isJsonObject, isTexts, toJsonObject, type JsonObject } from "./json-fields.ts";

/** An image's config, as read. */
export interface ConfigDocument {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  /** Of the tars of the layers, lowest first. */
  readonly diffIds: readonly string[];
  readonly config: ImageConfig;
  /** All of it, with what is not known here. */
  readonly json: JsonObject;
}

/**
 * Reads the config of an image.
 *
 * @throws {ImageError} MANIFEST_INVALID when it is none
 */
export function parseConfigDocument(text: string): ConfigDocument {
  const json = toJsonObject(text);
  if (json === undefined) throw invalid("it is no JSON object");
  const { os = "", architecture = "", variant } = json;
  if (typeof os !== "string" || typeof architecture !== "string")
    throw invalid("its platform is no text");
  return {
    ...{ os, architecture, json },
    diffIds: toDiffIds(json["rootfs"]),
    variant: typeof variant === "string" ? variant : undefined,
    config: toImageConfig(isJsonObject(json["config"]) ? json["config"] : {}),
  };
}

function toDiffIds(rootfs: unknown): readonly string[] {
  const diffIds = (isJsonObject(rootfs) ? rootfs["diff_ids"] : undefined) ?? [];
  if (isTexts(diffIds) && diffIds.every(isDigest)) return diffIds;
  throw invalid("rootfs.diff_ids are no digests");
}

function toImageConfig(json: JsonObject): ImageConfig {
  const user = toText(json, "User");
  const stopSignal = toText(json, "StopSignal");
  const workingDir = toText(json, "WorkingDir");
  const shell = toTexts(json, "Shell");
  const volumes = Object.keys(isJsonObject(json["Volumes"]) ? json["Volumes"] : {});
  const healthcheck = json["Healthcheck"];
  return {
    env: toEnv(toTexts(json, "Env")),
    entrypoint: toTexts(json, "Entrypoint"),
    cmd: toTexts(json, "Cmd"),
    workingDir: workingDir === "" ? "/" : workingDir,
    exposedPorts: toPorts(json["ExposedPorts"]),
    labels: toLabels(json["Labels"]),
    ...(user !== "" && { user }),
    ...(stopSignal !== "" && { stopSignal }),
    ...(shell.length > 0 && { shell }),
    ...(volumes.length > 0 && { volumes: volumes.toSorted() }),
    ...(isJsonObject(healthcheck) && { healthcheck }),
  };
}

function toEnv(lines: readonly string[]): Readonly<Record<string, string>> {
  const env = new Map<string, string>();
  for (const line of lines) {
    const [name = "", ...rest] = line.split("=");
    env.set(name, rest.join("="));
  }
  return Object.fromEntries(env);
}

/** Ports of TCP; others stay in the document. */
function toPorts(value: unknown): readonly number[] {
  if (!isJsonObject(value)) return [];
  const ports = Object.keys(value).map((key) => /^(\d{1,5})(\/tcp)?$/.exec(key)?.[1]);
  return ports.filter((port) => port !== undefined).map(Number);
}

function toLabels(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw invalid("config.Labels is no object");
  const isText = (pair: readonly [string, unknown]): pair is [string, string] =>
    typeof pair[1] === "string";
  return Object.fromEntries(Object.entries(value).filter(isText));
}

function toTexts(json: JsonObject, name: string): readonly string[] {
  const value = json[name] ?? [];
  if (isTexts(value)) return value;
  throw invalid(`config.${name} is no list of texts`);
}

function toText(json: JsonObject, name: string): string {
  const value = json[name] ?? "";
  if (typeof value === "string") return value;
  throw invalid(`config.${name} is no text`);
}

function invalid(reason: string): ImageError {
  const text = `Cannot read the image's config: ${reason}`;
  return new ImageError("MANIFEST_INVALID", `${text}; fetch or build the image anew`);
}
