import { listPages } from "./list-pages.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, parseReference } from "./reference.ts";

const PAGE_SIZE = 1000;

/**
 * Lists the tags of a repository.
 *
 * @param repository "host/repository"; a tag is left out of account
 * @throws {ImageError} BAD_REFERENCE, NO_SUCH_IMAGE, REGISTRY_UNREACHABLE, REGISTRY_DENIED,
 *   REGISTRY_FAILED
 */
export async function listTags(registry: Registry, repository: string): Promise<readonly string[]> {
  const reference = parseReference(repository);
  const { registryHost } = reference;
  return listPages(registry, {
    registryHost,
    path: `/v2/${reference.repository}/tags/list?n=${PAGE_SIZE}`,
    field: "tags",
    scopes: [`repository:${reference.repository}:pull`],
    purpose: `list tags of ${formatReference(reference)}`,
  });
}

/**
 * Lists the repositories of a registry, those that it shows.
 *
 * @throws {ImageError} REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_FAILED; NO_SUCH_IMAGE when
 *   it has no such list
 */
export async function listRepositories(
  registry: Registry,
  registryHost: string,
): Promise<readonly string[]> {
  return listPages(registry, {
    registryHost,
    path: `/v2/_catalog?n=${PAGE_SIZE}`,
    field: "repositories",
    scopes: ["registry:catalog:*"],
    purpose: `list repositories of ${registryHost}`,
  });
}
