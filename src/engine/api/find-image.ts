import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import type { Image } from "../../images/image-store.ts";
import { EngineError } from "../engine-error.ts";
import type { EngineContext } from "./engine-context.ts";

/**
 * Finds an image in the store; a reference that `imageMap` maps to a Dockerfile is built first.
 *
 * @throws {EngineError} NO_SUCH_IMAGE when there is none, with the ways to get it
 */
export async function findImage(engine: EngineContext, reference: string): Promise<Image> {
  const image = await engine.images.get(reference);
  if (image !== undefined) return image;
  const mapped = await buildWhenMapped(engine, reference);
  if (mapped !== undefined) return mapped;
  throw new EngineError(
    "NO_SUCH_IMAGE",
    `Cannot find image: no such image: ${reference}; build it from a Dockerfile ` +
      `("image": "./Dockerfile" under berth dev, or docker build -t ${reference} .), or map the ` +
      "reference to a local Dockerfile (imageMap)",
  );
}

/**
 * Builds a reference that `imageMap` maps to a Dockerfile, even when it was built before: its
 * sources may have changed, and what has not comes from the cache.
 *
 * @returns undefined when it is not mapped
 */
export async function buildWhenMapped(
  engine: EngineContext,
  reference: string,
): Promise<Image | undefined> {
  const dockerfile = new Map(Object.entries(engine.imageMap)).get(reference);
  return dockerfile === undefined ? undefined : buildMapped(engine, reference, dockerfile);
}

async function buildMapped(
  engine: EngineContext,
  reference: string,
  dockerfile: string,
): Promise<Image> {
  const path = resolve(dockerfile);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const error = `Cannot build ${reference}: no readable Dockerfile at ${path}; mend imageMap`;
    throw new EngineError("NO_SUCH_IMAGE", error, { cause });
  });
  const request = {
    dockerfile: text,
    contextDir: dirname(path),
    tag: reference,
    buildArgs: {},
  };
  return engine.build(request, (message) => engine.log({ kind: "notice", message }));
}
