import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import type { Image } from "../../images/image-store.ts";
import { hasRegistryHost } from "../../images/registry/reference.ts";
import { EngineError } from "../engine-error.ts";
import type { EngineContext } from "./engine-context.ts";

/**
 * Finds an image in the store; a reference that `imageMap` maps to a Dockerfile is built first, any
 * other is pulled from its registry.
 *
 * @throws {EngineError} NO_SUCH_IMAGE when there is none, with what was tried and the ways to get it
 */
export async function findImage(engine: EngineContext, reference: string): Promise<Image> {
  return (await findLocalImage(engine, reference)) ?? pullMissing(engine, reference);
}

/**
 * Finds an image that needs no registry: of the store, or one that `imageMap` maps to a Dockerfile,
 * which is built first.
 */
export async function findLocalImage(
  engine: EngineContext,
  reference: string,
): Promise<Image | undefined> {
  return (await engine.images.get(reference)) ?? buildWhenMapped(engine, reference);
}

/**
 * Brings an image up to date, as `docker pull` does: a mapped one is built, another is fetched from
 * its registry. One that is here and cannot be fetched stays as it is.
 *
 * @throws {EngineError} NO_SUCH_IMAGE when there is none
 */
export async function refreshImage(engine: EngineContext, reference: string): Promise<void> {
  const mapped = await buildWhenMapped(engine, reference);
  if (mapped !== undefined) return;
  const local = await engine.images.get(reference);
  if (local === undefined) {
    await pullMissing(engine, reference);
    return;
  }
  // A name without a registry is most likely one that was built here.
  if (!hasRegistryHost(reference)) return;
  await engine.pull(reference, (reason) =>
    engine.log({ kind: "notice", message: `${reference} stays as it is here: ${reason}` }),
  );
}

/**
 * Builds a reference that `imageMap` maps to a Dockerfile, even when it was built before: its
 * sources may have changed, and what has not comes from the cache.
 *
 * @returns undefined when it is not mapped
 */
async function buildWhenMapped(
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
    dockerfilePath: path,
    contextDir: dirname(path),
    tag: reference,
    buildArgs: {},
  };
  return engine.build(request, (message) => engine.log({ kind: "notice", message }));
}

async function pullMissing(engine: EngineContext, reference: string): Promise<Image> {
  const reasons: string[] = [];
  const image = await engine.pull(reference, (reason) => reasons.push(reason));
  if (image !== undefined) return image;
  throw new EngineError(
    "NO_SUCH_IMAGE",
    `Cannot find image: no such image: ${reference} (${reasons.join("; ")}); build it from a ` +
      `Dockerfile ("image": "./Dockerfile" under berth dev, or docker build -t ${reference} .), ` +
      "or map the reference to a local Dockerfile (imageMap, --map-image)",
  );
}
