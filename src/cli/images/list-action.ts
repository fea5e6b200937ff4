import type { ListOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { hasRegistryHost } from "../../images/registry/reference.ts";

/** What there is, here or in a registry. */
export type ListReport =
  | { readonly kind: "store"; readonly images: readonly ListedImage[] }
  | { readonly kind: "repositories"; readonly host: string; readonly names: readonly string[] }
  | { readonly kind: "tags"; readonly repository: string; readonly tags: readonly string[] };

/** An image of the store, in a list. */
export interface ListedImage {
  readonly id: string;
  readonly tags: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
  readonly sizeBytes: number;
  /** What lies under its layers. */
  readonly base: "host" | "none";
}

/** `berth images list`. */
export async function listAction(
  { remote: name }: ListOptions,
  { store, remote }: Pick<ImageScope, "store" | "remote">,
): Promise<ListReport> {
  if (name === undefined) {
    const images = (await store.list()).map(({ id, tags, createdAtMs, sizeBytes, base }) => {
      return { id, tags, createdAt: new Date(createdAtMs).toISOString(), sizeBytes, base };
    });
    return { kind: "store", images };
  }
  if (!name.includes("/") && hasRegistryHost(`${name}/`)) {
    return { kind: "repositories", host: name, names: await remote.listRepositories(name) };
  }
  const repository = await remote.toTarget(name);
  return { kind: "tags", repository, tags: await remote.listTags(repository) };
}
