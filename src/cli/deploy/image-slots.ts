import { listOf, textOf, fieldOf } from "./parse-wrangler-json.ts";
import { valueAt, type ConfigPath } from "./config-file.ts";

/** A place of a wrangler configuration that says which image a container has. */
export interface ImageSlot {
  /** The environment; undefined for the top level. */
  readonly envName: string | undefined;
  readonly className: string | undefined;
  /** The container's name in the configuration. */
  readonly containerName: string | undefined;
  /** Its place among the containers of the environment. */
  readonly index: number;
  /** The key of `images`, which containers of the policy "durable_object" have. */
  readonly imageName: string | undefined;
  readonly path: ConfigPath;
  /** What stands there. */
  readonly value: unknown;
}

/**
 * Finds every place of a configuration that names an image.
 *
 * @param config what the file says
 */
export function imageSlots(config: unknown): readonly ImageSlot[] {
  const envs = Object.keys(toRecord(fieldOf(config, "env")));
  return [undefined, ...envs].flatMap((envName) => slotsOfEnv(config, envName));
}

function slotsOfEnv(config: unknown, envName: string | undefined): readonly ImageSlot[] {
  const path = envName === undefined ? ["containers"] : ["env", envName, "containers"];
  return listOf(valueAt(config, path)).flatMap((container, index) => {
    const place = {
      ...{ envName, index },
      className: textOf(container, "class_name"),
      containerName: textOf(container, "name"),
    };
    return slotsOfContainer(container, [...path, index]).map((slot) => ({ ...place, ...slot }));
  });
}

function slotsOfContainer(
  container: unknown,
  path: ConfigPath,
): readonly Pick<ImageSlot, "imageName" | "path" | "value">[] {
  const images = Object.entries(toRecord(fieldOf(container, "images")));
  if (images.length > 0) {
    return images.map(([imageName, value]: [string, unknown]) => ({
      ...{ imageName, value },
      path: [...path, "images", imageName],
    }));
  }
  if (fieldOf(container, "scheduling_policy") === "durable_object") return [];
  const old = valueAt(container, ["configuration", "image"]);
  const isOld = fieldOf(container, "image") === undefined && old !== undefined;
  const value = isOld ? old : fieldOf(container, "image");
  const keys = isOld ? ["configuration", "image"] : ["image"];
  return [{ imageName: undefined, value, path: [...path, ...keys] }];
}

/** @returns the value that puts a reference into a slot */
export function slotValue(slot: ImageSlot, uri: string): unknown {
  return slot.imageName === undefined ? uri : { image: uri };
}

function toRecord(value: unknown): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
