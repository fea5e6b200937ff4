import { refuseUsed } from "../../images/guard/refuse-used.ts";
import { normalizeReference } from "../../images/image-reference.ts";
import type { DeleteOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { toKnownImages } from "./known-images.ts";
import { requireImage } from "./require-image.ts";
import { findTaggedImages } from "./tagged-images.ts";

/** What was deleted. */
export interface DeleteReport {
  readonly deleted: string;
  readonly from: "store" | "registry";
  /** Of the manifest; only of a registry's. */
  readonly digest?: string;
  /** What it took there, shared blobs included; only of a registry's. */
  readonly sizeBytes?: number;
  /** What of it was in use, and is broken now; only when it was forced. */
  readonly broken: readonly string[];
}

/**
 * `berth images delete`: takes a name, and with the last one the image, away.
 *
 * @throws {ImageError} IMAGE_IN_USE unless it is forced; NO_SUCH_IMAGE
 */
export async function deleteAction(
  options: DeleteOptions,
  scope: ImageScope,
): Promise<DeleteReport> {
  return options.isRemote ? deleteRemote(options, scope) : deleteLocal(options, scope);
}

async function deleteLocal(options: DeleteOptions, scope: ImageScope): Promise<DeleteReport> {
  const { store, guards } = scope;
  const image = await requireImage(store, options.image);
  const named = image.tags.filter((tag) => isNameFor(options.image, tag));
  const uses = await guards.findUses({ kind: "store" }, options);
  const known = toKnownImages(named.length > 0 ? named : image.tags);
  const broken = known.flatMap((each) => refuseUsed(each, uses, modeOf(options)));
  await store.remove(options.image);
  return { deleted: options.image, from: "store", broken };
}

async function deleteRemote(options: DeleteOptions, scope: ImageScope): Promise<DeleteReport> {
  const { remote, guards } = scope;
  const target = await remote.toTarget(options.image);
  const { digest, sizeBytes } = await remote.measure(target);
  const [named] = toKnownImages([target]);
  const { repository = target, tags = [] } = named ?? {};
  const uses = await guards.findUses({ kind: "registry", repository }, options);
  const others = await findOtherTags({ repository, digest }, remote);
  const known = { repository, digest, tags: [...new Set([...tags, ...others.tags])] };
  const unknown = [...uses.unknown, ...others.unknown];
  const broken = refuseUsed(known, { ...uses, unknown }, modeOf(options));
  await remote.deleteManifest(`${repository}@${digest}`);
  return { deleted: target, from: "registry", digest, sizeBytes, broken };
}

/** With a manifest all its tags go, those of Worker versions too. */
async function findOtherTags(
  { repository, digest }: { readonly repository: string; readonly digest: string },
  remote: ImageScope["remote"],
): Promise<{ readonly tags: readonly string[]; readonly unknown: readonly string[] }> {
  try {
    const images = await findTaggedImages(repository, remote);
    const found = images.find(({ measured }) => measured.digest === digest);
    return { tags: found?.tags ?? [], unknown: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { tags: [], unknown: [`nobody says which other tags it has: ${why}`] };
  }
}

function modeOf({ isForced }: DeleteOptions): "check" | "force" {
  return isForced ? "force" : "check";
}

/** A name may be short for the one that the store has: "app" is "app:latest". */
function isNameFor(text: string, tag: string): boolean {
  return !/^(sha256:)?[0-9a-f]{12,64}$/.test(text) && normalizeReference(text) === tag;
}
