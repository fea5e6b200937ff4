import type { Registry } from "./open-registry.ts";

/**
 * Asks a registry whether it takes the credentials that it is given.
 *
 * @throws {ImageError} REGISTRY_DENIED, REGISTRY_UNREACHABLE, REGISTRY_FAILED
 */
export async function checkLogin(registry: Registry, registryHost: string): Promise<void> {
  await registry.ask({
    method: "GET",
    registryHost,
    path: "/v2/",
    scopes: [],
    purpose: `log in to ${registryHost}`,
  });
}
