import { readFile } from "node:fs/promises";

import { ImageError } from "../image-error.ts";
import { askCredentialHelper } from "./credential-helper.ts";
import { firstOf, type Credentials, type CredentialSource } from "./credentials.ts";
import { credentialPaths, type LoginScope } from "./docker-config-path.ts";
import { toRegistryHost } from "./reference.ts";

/** What is read of Docker's configuration. */
interface DockerConfig {
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore: string | undefined;
}

/**
 * Finds credentials where `docker login` and `podman login` keep them: $REGISTRY_AUTH_FILE, Docker's
 * config.json, and the login session's containers/auth.json; the helpers that these name are asked.
 */
export function dockerCredentials(scope: LoginScope): CredentialSource {
  return firstOf(...credentialPaths(scope).map((path) => fileCredentials(path, scope)));
}

function fileCredentials(path: string, { env }: LoginScope): CredentialSource {
  const find = async (registryHost: string): Promise<Credentials | undefined> => {
    const config = await readConfig(path);
    if (config === undefined) return undefined;
    const helper = findHost(config.credHelpers, registryHost) ?? config.credsStore;
    if (typeof helper === "string" && helper !== "") {
      const found = await askCredentialHelper({ helper, registryHost, env });
      if (found !== undefined) return found;
    }
    return toCredentials(findHost(config.auths, registryHost), { path, registryHost });
  };
  return Object.assign(find, { places: path });
}

/** @returns undefined when there is no such file */
async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    if (isMissing(cause)) return undefined;
    throw unreadable(path, cause);
  });
  if (text === undefined || text.trim() === "") return undefined;
  const body = parseObject(text, path);
  const store = body["credsStore"];
  return {
    auths: asObject(body["auths"]),
    credHelpers: asObject(body["credHelpers"]),
    credsStore: typeof store === "string" ? store : undefined,
  };
}

/** Keys are hosts, in old files with a scheme and a version: "https://index.docker.io/v1/". */
function findHost(map: Readonly<Record<string, unknown>>, registryHost: string): unknown {
  const wanted = toRegistryHost(registryHost);
  const key = Object.keys(map).find((name) => {
    const host = /^(?:https?:\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/.exec(name)?.[1];
    return host !== undefined && toRegistryHost(host) === wanted;
  });
  return key === undefined ? undefined : map[key];
}

function toCredentials(
  entry: unknown,
  place: { readonly path: string; readonly registryHost: string },
): Credentials | undefined {
  const { identitytoken, username, password, auth } = asObject(entry);
  if (isText(identitytoken)) return { kind: "identity-token", token: identitytoken };
  if (isText(username) && isText(password)) return { kind: "basic", username, password };
  if (!isText(auth)) return undefined; // an empty entry says that a helper has them
  const decoded = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon > 0) {
    return {
      kind: "basic",
      username: decoded.slice(0, colon),
      password: decoded.slice(colon + 1),
    };
  }
  throw new ImageError(
    "CREDENTIALS_FAILED",
    `Cannot read the credentials of ${place.registryHost} in ${place.path}: their auth is no ` +
      "name:password in base64; log in again",
  );
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // The parser's error quotes the text, which has secrets in it.
    throw unreadable(path, new Error("it is no JSON"));
  }
}

function unreadable(path: string, cause: unknown): ImageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ImageError(
    "CREDENTIALS_FAILED",
    `Cannot read credentials in ${path}: ${reason}; mend the file, or log in again`,
    { cause },
  );
}

function isMissing(cause: unknown): boolean {
  if (!(cause instanceof Error) || !("code" in cause)) return false;
  return cause.code === "ENOENT" || cause.code === "ENOTDIR";
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
