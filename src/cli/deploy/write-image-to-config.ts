import { editConfig, notEditable, readConfigFile, replaceConfig } from "./config-file.ts";
import { imageSlots, slotValue, type ImageSlot } from "./image-slots.ts";

/** Which image of a configuration to write. */
export interface ConfigTarget {
  /** The container's class; not needed where there is just one container. */
  readonly className?: string;
  /** The environment (default: the top level). */
  readonly envName?: string;
  /** The key of `images`; not needed where there is just one. */
  readonly imageName?: string;
}

/**
 * Writes an image to a wrangler configuration, wrangler.jsonc, .json or .toml. Comments and
 * formatting stay; a reader sees the old file or the new one.
 *
 * @throws {ImageError} CONFIG_NOT_EDITABLE, with the containers that there are
 */
export async function writeImageToConfig(
  path: string,
  target: ConfigTarget,
  uri: string,
): Promise<void> {
  const file = await readConfigFile(path);
  const slot = findSlot(imageSlots(file.value), target, path);
  const text = await editConfig(file, [{ path: slot.path, value: slotValue(slot, uri) }]);
  if (text !== file.text) await replaceConfig(path, text);
}

/**
 * Writes the lines that name an image, to paste into a configuration.
 *
 * @param format of the configuration
 */
export function configLines(
  format: "jsonc" | "toml",
  image: { readonly uri: string; readonly className?: string },
): string {
  const { uri, className = "MyContainer" } = image;
  if (format === "toml") {
    return `[[containers]]\nclass_name = ${JSON.stringify(className)}\nimage = ${JSON.stringify(uri)}`;
  }
  const container = { class_name: className, image: uri };
  return `"containers": ${JSON.stringify([container], undefined, 2)}`;
}

function findSlot(slots: readonly ImageSlot[], target: ConfigTarget, path: string): ImageSlot {
  const matching = slots.filter(
    (slot) =>
      slot.envName === target.envName &&
      (target.className === undefined || slot.className === target.className) &&
      (target.imageName === undefined || slot.imageName === target.imageName),
  );
  const [slot] = matching;
  if (slot !== undefined && matching.length === 1) return slot;
  const wanted = [
    target.className === undefined ? "a container" : `a container of class ${target.className}`,
    ...(target.imageName === undefined ? [] : [`with the image ${target.imageName}`]),
    target.envName === undefined ? "at the top level" : `in env.${target.envName}`,
  ].join(" ");
  const known = slots.map(describeSlot).join(", ");
  const found = `${matching.length === 0 ? "no" : matching.length} match ${wanted}`;
  throw notEditable(path, `${found}; it has ${known === "" ? "no containers" : known}`);
}

function describeSlot({ envName, className, containerName, imageName }: ImageSlot): string {
  const name = className ?? containerName ?? "a container without class_name";
  const image = imageName === undefined ? "" : ` (image ${imageName})`;
  return `${name}${image}${envName === undefined ? "" : ` in env.${envName}`}`;
}
