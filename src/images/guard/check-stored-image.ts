import type { Image } from "../image-store.ts";
import type { LayerStore } from "../layer-store.ts";
import type { Platform } from "../oci/descriptor.ts";
import { checkImage, type ImageProblem } from "./check-image.ts";
import type { ImageFacts, ImageLimits, LayerFacts } from "./image-facts.ts";
import { largestFiles } from "./largest-files.ts";

/** An image of the store, and what it has to fit in. */
export interface StoredImageCheck {
  readonly image: Image;
  readonly layers: LayerStore;
  /** For what is printed. */
  readonly name: string;
  readonly platform: Platform;
  readonly limits: ImageLimits;
  /** What the account's registry holds and what a push adds; left out where it is not known. */
  readonly account?: Required<Pick<ImageFacts, "accountBytes" | "addedBytes">>;
}

const LISTED_FILES = 10;

/**
 * Checks an image of the store before it is pushed. Its files are looked at only when its size is a
 * problem: a large image has many.
 *
 * @returns every problem, those that refuse it first
 */
export async function checkStoredImage(check: StoredImageCheck): Promise<readonly ImageProblem[]> {
  const { image, layers, name, platform, limits, account } = check;
  const facts: ImageFacts = {
    ...{ name, platform, ...account },
    config: image.config,
    layers: await Promise.all(image.layers.map((directory) => measureLayer(directory, layers))),
  };
  const problems = checkImage(facts, limits);
  if (!problems.some(({ code }) => code !== "IMAGE_UNFIT")) return problems;
  const unpacked = image.layers.map((directory) => ({
    ...{ directory },
    name: layers.nameOf(directory),
  }));
  return checkImage({ ...facts, largestFiles: await largestFiles(unpacked, LISTED_FILES) }, limits);
}

async function measureLayer(directory: string, layers: LayerStore): Promise<LayerFacts> {
  const name = layers.nameOf(directory);
  return { name, sizeBytes: (await layers.get(name))?.sizeBytes ?? 0 };
}
