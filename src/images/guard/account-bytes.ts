/** What of an image's manifest counts for the account's storage. */
export interface StoredImage {
  /** Its config and its layers, packed. */
  readonly blobs: readonly { readonly digest: string; readonly sizeBytes: number }[];
}

/** @returns what images take in a registry, a blob that several share counted once */
export function accountBytes(images: readonly StoredImage[]): number {
  const sizes = new Map(
    images.flatMap(({ blobs }) => blobs.map(({ digest, sizeBytes }) => [digest, sizeBytes])),
  );
  return [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
}

/** @returns what an image adds to a registry that holds others */
export function addedBytes(image: StoredImage, held: readonly StoredImage[]): number {
  return accountBytes([...held, image]) - accountBytes(held);
}
