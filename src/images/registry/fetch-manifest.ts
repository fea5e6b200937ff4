import { ImageError } from "../image-error.ts";
import { digestOf } from "../oci/digest.ts";
import { isDigest } from "../oci/is-digest.ts";
import { MAX_DOCUMENT_BYTES } from "../oci/read-document.ts";
import { manifestAccept } from "./manifest.ts";
import type { Registry, RegistryCall } from "./open-registry.ts";
import { formatReference, manifestOf, type Reference } from "./reference.ts";

/** A manifest as the registry keeps it. */
export interface FetchedManifest {
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** The Content-Type. */
  readonly declaredType: string;
}

/**
 * Asks a registry which manifest a reference points to now.
 *
 * @returns undefined when there is none, "unknown" when the registry does not say
 */
export async function resolveDigest(
  registry: Registry,
  reference: Reference,
  options: Partial<Pick<RegistryCall, "purpose" | "scopes">> = {},
): Promise<string | undefined> {
  const call = { ...manifestCall("HEAD", reference), ...options, accepts: [404, 405] };
  const answer = await registry.ask(call);
  if (answer.status === 404) return undefined;
  const digest = answer.header("docker-content-digest") ?? "";
  return answer.status !== 405 && isDigest(digest) ? digest : "unknown";
}

/**
 * Fetches a manifest.
 *
 * @throws {ImageError} NO_SUCH_IMAGE; DIGEST_MISMATCH when it is not what its digest says
 */
export async function fetchManifest(
  registry: Registry,
  reference: Reference,
): Promise<FetchedManifest> {
  const answer = await registry.ask(manifestCall("GET", reference), MAX_DOCUMENT_BYTES);
  const digest = digestOf(answer.bytes);
  const expected = reference.digest ?? digest;
  if (digest !== expected) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot pull ${formatReference(reference)}: ${reference.registryHost} answers with ` +
        `a manifest whose digest is ${digest}`,
    );
  }
  return { bytes: answer.bytes, digest, declaredType: answer.header("content-type") ?? "" };
}

/** @returns the request for a manifest that every use of it begins with */
export function manifestCall(
  method: "DELETE" | "GET" | "HEAD" | "PUT",
  reference: Reference,
): RegistryCall {
  const verbs = { DELETE: "delete", GET: "pull", HEAD: "look up", PUT: "push" } as const;
  return {
    method,
    registryHost: reference.registryHost,
    path: `/v2/${reference.repository}/manifests/${manifestOf(reference)}`,
    scopes: [`repository:${reference.repository}:pull`],
    purpose: `${verbs[method]} ${formatReference(reference)}`,
    headers: { Accept: manifestAccept },
  };
}
