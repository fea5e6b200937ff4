import { homedir } from "node:os";

import type { CredentialSource } from "../images/registry/credentials.ts";
import { dockerCredentials } from "../images/registry/docker-credentials.ts";
import { openRegistry, type Registry } from "../images/registry/open-registry.ts";

export type { Credentials, CredentialSource } from "../images/registry/credentials.ts";

/** Somebody waits for a container, and the host's files may stand for a base image. */
const retry = { attempts: 2, totalMs: 15_000 };

/** Opens what the engine pulls images by; undefined when it is turned off. */
export function openEngineRegistry(
  access: "off" | { readonly credentials: CredentialSource } | undefined,
): Registry | undefined {
  if (access === "off") return undefined;
  const scope = { env: process.env, homeDir: homedir() };
  const credentials = access?.credentials ?? dockerCredentials(scope);
  return openRegistry({ credentials, retry, userAgent: "berth" });
}
