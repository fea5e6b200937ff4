import { ImageError } from "../image-error.ts";
import { fetchManifest, manifestCall, resolveDigest } from "./fetch-manifest.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";

/**
 * Deletes a manifest, with all tags that point to it. Its blobs go when the registry collects them.
 *
 * @returns the digest of what is gone
 * @throws {ImageError} NO_SUCH_IMAGE; REGISTRY_FAILED when the registry does not allow it;
 *   BAD_REFERENCE, REGISTRY_UNREACHABLE, REGISTRY_DENIED
 */
export async function deleteManifest(registry: Registry, text: string): Promise<string> {
  const reference = parseReference(text);
  const digest = await findDigest(registry, reference);
  const answer = await registry.ask({
    ...manifestCall("DELETE", { ...reference, digest }),
    scopes: scopesOf(reference),
    accepts: [405],
  });
  if (answer.status !== 405) return digest;
  throw new ImageError(
    "REGISTRY_FAILED",
    `Cannot delete ${formatReference(reference)}: ${reference.registryHost} does not allow to ` +
      "delete images; set REGISTRY_STORAGE_DELETE_ENABLED=true for the distribution registry, or " +
      "delete it by the means of the registry's owner",
  );
}

async function findDigest(registry: Registry, reference: Reference): Promise<string> {
  if (reference.digest !== undefined) return reference.digest;
  const purpose = `delete ${formatReference(reference)}`;
  const found = await resolveDigest(registry, reference, { purpose, scopes: scopesOf(reference) });
  if (found === "unknown") return (await fetchManifest(registry, reference)).digest;
  if (found !== undefined) return found;
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot delete ${formatReference(reference)}: ${reference.registryHost} has no such image`,
  );
}

function scopesOf({ repository }: Reference): readonly string[] {
  return [`repository:${repository}:delete,pull`];
}
