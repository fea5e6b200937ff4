import { mkdir, readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";

import { ImageError } from "../image-error.ts";
import { writeAtomically } from "../write-atomically.ts";
import { storeByCredentialHelper } from "./credential-helper.ts";
import type { Credentials } from "./credentials.ts";
import { dockerConfigPath, type LoginScope } from "./docker-config-path.ts";
import { toRegistryHost } from "./reference.ts";

/** A login to keep. */
export interface Login {
  readonly registryHost: string;
  readonly credentials: Credentials;
}

/**
 * Keeps a login as `docker login` does: by the helper that Docker's config.json names, else in that
 * file, which only its owner may read then. The rest of the file stays as it is.
 *
 * @returns where it is kept now
 * @throws {ImageError} CREDENTIALS_FAILED
 */
export async function saveLogin(login: Login, scope: LoginScope): Promise<string> {
  const path = await resolveLink(dockerConfigPath(scope));
  const config = await readConfig(path);
  const key = toKey(login.registryHost);
  const helper = asObject(config["credHelpers"])[key] ?? config["credsStore"];
  const isHelped = typeof helper === "string" && helper !== "";
  if (isHelped) {
    const question = { helper, registryHost: login.registryHost, env: scope.env };
    await storeByCredentialHelper(question, login.credentials);
  }
  // Docker leaves an empty entry to say that a helper has it.
  const entry = isHelped ? {} : toEntry(login.credentials);
  const auths = { ...asObject(config["auths"]), [key]: entry };
  await write(path, JSON.stringify({ ...config, auths }, undefined, "\t"));
  return isHelped ? `docker-credential-${helper}` : path;
}

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeAtomically(path, `${text}\n`, { mode: 0o600 });
  } catch (cause) {
    throw failed(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function toEntry(credentials: Credentials): Readonly<Record<string, string>> {
  if (credentials.kind === "identity-token") return { identitytoken: credentials.token };
  const { username, password } = credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

async function readConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing) return "";
    throw failed(path, cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (text.trim() === "") return {};
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Without the parser's error, which quotes the text with its secrets.
    throw failed(path, "it is no JSON, and would be lost");
  }
}

/** A link to the file stays one. */
async function resolveLink(path: string): Promise<string> {
  return realpath(path).catch(() => path); // it is made when it is missing
}

function toKey(registryHost: string): string {
  const host = toRegistryHost(registryHost);
  return host === toRegistryHost("docker.io") ? "https://index.docker.io/v1/" : host;
}

function failed(path: string, reason: string, cause?: unknown): ImageError {
  return new ImageError(
    "CREDENTIALS_FAILED",
    `Cannot keep the login in ${path}: ${reason}; mend the file, or set DOCKER_CONFIG`,
    { cause },
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : {};
}
