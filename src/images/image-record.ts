import type { Image, ImageConfig, ImageOrigin } from "./image.ts";
import type { Platform } from "./oci/descriptor.ts";
import { isJsonObject, isTexts, toJsonObject } from "./oci/json-fields.ts";

/** What the store keeps of an image on disk. */
export interface ImageRecord extends Omit<Image, "tags"> {
  /** Names of layers, lowest first. */
  readonly layers: readonly string[];
}

/** The config of an image that nothing was said about. */
export const emptyConfig: ImageConfig = {
  env: {},
  entrypoint: [],
  cmd: [],
  workingDir: "/",
  exposedPorts: [],
  labels: {},
};

/** @returns undefined when the text is not a record, as after a full disk */
export function parseImageRecord(text: string): ImageRecord | undefined {
  const value = toJsonObject(text);
  return isImageRecord(value) ? value : undefined;
}

function isImageRecord(value: unknown): value is ImageRecord {
  return (
    isJsonObject(value) &&
    typeof value["id"] === "string" &&
    isTexts(value["layers"]) &&
    (value["base"] === "host" || value["base"] === "none") &&
    ["createdAtMs", "sizeBytes"].every((name) => typeof value[name] === "number") &&
    areOptionalFields(value) &&
    isConfig(value["config"])
  );
}

function areOptionalFields(value: Readonly<Record<string, unknown>>): boolean {
  return (
    isOptionalString(value["parent"]) &&
    isOptionalStrings(value["history"]) &&
    isOptionalOrigin(value["origin"]) &&
    isOptionalPlatform(value["platform"])
  );
}

function isOptionalOrigin(value: unknown): value is ImageOrigin | undefined {
  if (value === undefined) return true;
  return (
    isJsonObject(value) &&
    typeof value["manifestDigest"] === "string" &&
    typeof value["layerCount"] === "number"
  );
}

function isOptionalPlatform(value: unknown): value is Platform | undefined {
  if (value === undefined) return true;
  return (
    isJsonObject(value) &&
    typeof value["os"] === "string" &&
    typeof value["architecture"] === "string" &&
    isOptionalString(value["variant"])
  );
}

function isConfig(value: unknown): value is ImageConfig {
  return (
    isJsonObject(value) &&
    isStringMap(value["env"]) &&
    isStringMap(value["labels"]) &&
    ["entrypoint", "cmd"].every((name) => isTexts(value[name])) &&
    typeof value["workingDir"] === "string" &&
    ["user", "stopSignal"].every((name) => isOptionalString(value[name])) &&
    ["shell", "volumes"].every((name) => isOptionalStrings(value[name])) &&
    isOptionalObject(value["healthcheck"]) &&
    Array.isArray(value["exposedPorts"]) &&
    value["exposedPorts"].every((port) => typeof port === "number")
  );
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function isOptionalStrings(value: unknown): value is readonly string[] | undefined {
  return value === undefined || isTexts(value);
}

function isOptionalObject(value: unknown): boolean {
  return value === undefined || isJsonObject(value);
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((item) => typeof item === "string");
}
