import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";

/** The images that a deploy names: `ctx.container.images`. */
export type ImageTable = Readonly<Record<string, string>>;

/** A reference has a registry, a tag or a digest; a key of the configuration has none of them. */
const REFERENCE = /[/:@]/;

/**
 * Finds the reference of an image: that of a key, else the name itself where it is a reference.
 *
 * @param name a key of `images` in the Wrangler configuration, or a reference
 * @param images what the runtime knows; a deploy may change what a key stands for
 * @throws {ContainerError} `UNKNOWN_IMAGE` when it is neither, with the keys that there are
 */
export function findImage(name: unknown, images: ImageTable): string {
  if (typeof name === "string" && Object.hasOwn(images, name)) return images[name] ?? name;
  if (typeof name === "string" && REFERENCE.test(name)) return name;
  throw new ContainerError("UNKNOWN_IMAGE", `Cannot find image ${shown(name)}: ${fix(images)}`, {
    details: { image: name, known: Object.keys(images) },
  });
}

function fix(images: ImageTable): string {
  const keys = Object.keys(images);
  if (keys.length > 0) return `the Wrangler configuration names ${keys.map(shown).join(", ")}`;
  return 'the Wrangler configuration names none; add "images" to the container, which needs "scheduling_policy": "durable_object", or use a reference with a tag or a digest';
}
