import { ImageError } from "../image-error.ts";
import type { BlobStore } from "../oci/blob-store.ts";
import type { Descriptor, OciImage } from "../oci/descriptor.ts";
import { MAX_DOCUMENT_BYTES } from "../oci/read-document.ts";
import { manifestCall, resolveDigest } from "./fetch-manifest.ts";
import { findThere } from "./find-there.ts";
import type { MountMemory } from "./mount-memory.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";
import { transferAll } from "./transfer-all.ts";
import type { OnProgress } from "./transfer-progress.ts";
import { TransientFailure } from "./transient-failure.ts";
import { uploadBlob, type UploadOutcome } from "./upload-blob.ts";

/** What to push. */
export interface PushOptions {
  readonly registry: Registry;
  /** Holds every blob of the image. */
  readonly blobs: BlobStore;
  readonly image: OciImage;
  /** Where it goes: "host/repository:tag". */
  readonly reference: string;
  readonly onProgress?: OnProgress;
  /** Repositories of the same registry that may have some of the blobs. */
  readonly mountFrom?: readonly string[];
  /** Knows more of them, and is told of what was pushed. */
  readonly mountMemory?: MountMemory;
  /** What the reference pointed to when that was asked ahead of need, see {@link lookAhead}. */
  readonly pointsTo?: Promise<string | undefined>;
  /** The most that one request carries (default: 32 MiB). */
  readonly chunkBytes?: number;
}

/** What a push came to. */
export interface PushResult {
  /** "sha256:…" of the manifest. */
  readonly digest: string;
  /** "host/repository@sha256:…" */
  readonly uri: string;
  /** Bytes of blobs that left, those of failed tries too. */
  readonly sentBytes: number;
  /** How many blobs came to be there in which way. */
  readonly counts: Readonly<Record<UploadOutcome, number>>;
}

/** Below what proxies in front of registries allow in one request, and enough to fill a line. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/**
 * Pushes an image: its blobs, several at once, then the manifest. What is there is not sent.
 *
 * @throws {ImageError} BAD_REFERENCE, BLOB_NOT_FOUND, REGISTRY_UNREACHABLE, REGISTRY_DENIED,
 *   REGISTRY_FAILED
 */
export async function pushImage(options: PushOptions): Promise<PushResult> {
  const { registry, image, mountMemory } = options;
  const reference = parseReference(options.reference);
  checkDigest(reference, image);
  const blobs = distinctBlobs(image);
  const newBlobs = findNew(blobs, reference, mountMemory);
  const ahead = await options.pointsTo;
  // Blobs stay once they are there; the tag may have been moved since, so that is asked again.
  const isAsked = ahead === image.manifest.digest || (ahead === undefined && newBlobs.length === 0);
  const current = isAsked ? await resolveTarget(registry, reference) : ahead;
  // A tag that points to this manifest already tells that all is there: one request.
  const isPushed = current === image.manifest.digest;
  const there = isPushed ? new Set(blobs) : await findThere(options.blobs, blobs, current);
  // Those first: they take several requests each, what is there takes one.
  const blobsToSend = [...new Set([...newBlobs, ...blobs])].filter((blob) => !there.has(blob));
  const push = { ...options, target: reference, blobsToSend, newBlobs: new Set(newBlobs), there };
  const sent = isPushed ? skip(push) : await sendAll(push);
  if (isPushed) await remember(push);
  const { registryHost, repository } = reference;
  const { digest } = image.manifest;
  return { digest, uri: formatReference({ registryHost, repository, digest }), ...sent };
}

interface Push extends PushOptions {
  readonly target: Reference;
  readonly blobsToSend: readonly Descriptor[];
  readonly newBlobs: ReadonlySet<Descriptor>;
  /** What an image that is there stands on, too. */
  readonly there: ReadonlySet<Descriptor>;
}

type Sent = Pick<PushResult, "counts" | "sentBytes">;

function resolveTarget(registry: Registry, reference: Reference): Promise<string | undefined> {
  return resolveDigest(registry, reference, {
    purpose: `push ${formatReference(reference)}`,
    scopes: [`repository:${reference.repository}:pull,push`],
  });
}

function skip({ there, onProgress }: Push): Sent {
  for (const { digest, size } of there) {
    onProgress?.({ digest, doneBytes: size, totalBytes: size, state: "present" });
  }
  return { sentBytes: 0, counts: { sent: 0, present: there.size, mounted: 0 } };
}

async function sendAll(push: Push): Promise<Sent> {
  const manifest = await readManifest(push.blobs, push.image.manifest);
  const taken = skip(push);
  const sent = await sendBlobs(push);
  try {
    await Promise.all([putManifest(push, manifest), remember(push)]);
    return addUp(taken, sent);
  } catch (error) {
    if (push.there.size === 0 || !isRefusal(error)) throw error;
  }
  // What an image over there stands on is missing, after all: now each blob is looked for.
  const more = await sendBlobs({ ...push, blobsToSend: [...push.there] });
  await putManifest(push, manifest);
  return addUp(sent, more);
}

/** Takes as long as the registry needs for a manifest, so it is done meanwhile. */
async function remember({ mountMemory, target, blobsToSend, there }: Push): Promise<void> {
  const digests = [...blobsToSend, ...there].map(({ digest }) => digest);
  mountMemory?.remember(target.registryHost, target.repository, digests);
  await mountMemory?.save();
}

/** A manifest is refused so whose blobs are not there. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ImageError) || error instanceof TransientFailure) return false;
  return error.code === "REGISTRY_FAILED" || error.code === "NO_SUCH_IMAGE";
}

function addUp(a: Sent, b: Sent): Sent {
  const sum = (name: UploadOutcome): number => a.counts[name] + b.counts[name];
  const counts = { sent: sum("sent"), present: sum("present"), mounted: sum("mounted") };
  return { sentBytes: a.sentBytes + b.sentBytes, counts };
}

async function sendBlobs(push: Push): Promise<Sent> {
  const { registry, blobs, target, blobsToSend, onProgress = () => undefined } = push;
  for (const { digest, size } of blobsToSend) {
    onProgress({ digest, doneBytes: 0, totalBytes: size, state: "waiting" });
  }
  const counts = { sent: 0, present: 0, mounted: 0 };
  let sentBytes = 0;
  const scope = {
    registry,
    blobs,
    reference: target,
    chunkBytes: push.chunkBytes ?? CHUNK_BYTES,
    onProgress,
    onSent: (sizeBytes: number) => void (sentBytes += sizeBytes),
  };
  const limits = { limit: registry.concurrency, signal: registry.signal };
  await transferAll(blobsToSend, limits, async (blob, signal) => {
    const own = { mountFrom: findMounts(push, blob), isNew: push.newBlobs.has(blob) };
    counts[await uploadBlob({ ...scope, ...own, signal }, blob)] += 1;
  });
  return { sentBytes, counts };
}

async function putManifest({ registry, target, image }: Push, bytes: Uint8Array): Promise<void> {
  const { mediaType, digest } = image.manifest;
  const answer = await registry.ask({
    ...manifestCall(
      "PUT",
      target.tag === undefined ? { ...target, digest } : withoutDigest(target),
    ),
    scopes: [`repository:${target.repository}:pull,push`],
    headers: { "Content-Type": mediaType },
    body: { sizeBytes: bytes.length, open: () => Promise.resolve(bytes) },
  });
  const stored = answer.header("docker-content-digest") ?? digest;
  if (stored === digest) return;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot push ${formatReference(target)}: ${target.registryHost} keeps the manifest ${digest} ` +
      `as ${stored}; it must not change what it is given`,
  );
}

/** What is pushed by its tag is named by its tag; the digest was compared before. */
function withoutDigest({ digest: _compared, ...reference }: Reference): Reference {
  return reference;
}

async function readManifest(blobs: BlobStore, { digest, size }: Descriptor): Promise<Uint8Array> {
  if (size <= MAX_DOCUMENT_BYTES) return blobs.read(digest);
  throw new ImageError(
    "MANIFEST_INVALID",
    `Cannot push manifest ${digest}: it has ${size} bytes, registries take ${MAX_DOCUMENT_BYTES}`,
  );
}

function distinctBlobs({ config, layers }: OciImage): readonly Descriptor[] {
  // The largest first, so that none of them begins when all others are done.
  const blobs = new Map([...layers, config].map((blob) => [blob.digest, blob]));
  return [...blobs.values()].toSorted((a, b) => b.size - a.size);
}

/** @returns blobs that were not sent there before, as far as is known; none without a memory */
function findNew(
  blobs: readonly Descriptor[],
  { registryHost, repository }: Reference,
  memory: MountMemory | undefined,
): readonly Descriptor[] {
  if (memory === undefined) return [];
  return blobs.filter(
    ({ digest }) => !memory.repositoriesOf(registryHost, digest).includes(repository),
  );
}

function findMounts({ mountMemory, mountFrom = [], target }: Push, blob: Descriptor): string[] {
  const known = mountMemory?.repositoriesOf(target.registryHost, blob.digest) ?? [];
  return [...new Set([...known, ...mountFrom])].filter((from) => from !== target.repository);
}

function checkDigest(reference: Reference, { manifest }: OciImage): void {
  if (reference.digest === undefined || reference.digest === manifest.digest) return;
  throw new ImageError(
    "BAD_REFERENCE",
    `Cannot push to ${formatReference(reference)}: the image's digest is ${manifest.digest}; ` +
      "name a tag",
  );
}
