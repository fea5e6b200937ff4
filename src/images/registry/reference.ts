import { ImageError } from "../image-error.ts";
import { isDigest } from "../oci/is-digest.ts";

/** An image in a registry. */
export interface Reference {
  /** The host that answers, with its port: "registry-1.docker.io" for Docker Hub. */
  readonly registryHost: string;
  readonly repository: string;
  readonly tag?: string;
  /** "sha256:…" of a manifest. */
  readonly digest?: string;
}

const HUB = "registry-1.docker.io";
/** Names of Docker Hub in references and in files of credentials. */
const hubNames = new Set(["docker.io", "index.docker.io", "registry.hub.docker.com", HUB]);
const REPOSITORY_LIMIT = 255;

const hostPattern =
  /^(?:localhost|\[[0-9a-f:]+\]|[a-z0-9.-]*[.][a-z0-9.-]*|[a-z0-9.-]+(?=:\d))(?::\d{1,5})?$/i;
const repositoryPattern =
  /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/**
 * Reads where an image is, by Docker's rules: "app" is library/app of Docker Hub, and a first part
 * with a dot, a port or the name localhost is a registry.
 *
 * @throws {ImageError} BAD_REFERENCE when it names no image
 */
export function parseReference(text: string): Reference {
  const [named = "", digest, ...rest] = text.split("@");
  const { registryHost, path } = splitHost(named);
  const { repository, tag } = splitTag(path);
  const isHubTop = registryHost === HUB && !repository.includes("/");
  const reference: Reference = {
    registryHost,
    repository: isHubTop ? `library/${repository}` : repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
  const wrong = rest.length > 0 ? "it has two @" : findWrong(reference);
  if (wrong === undefined) return reference;
  throw new ImageError(
    "BAD_REFERENCE",
    `Cannot read image reference: ${JSON.stringify(text.slice(0, 300))}: ${wrong}; ` +
      "write it as host/repository:tag or host/repository@sha256:…",
  );
}

/** Writes a reference as a user would: Docker Hub is "docker.io". */
export function formatReference({ registryHost, repository, tag, digest }: Reference): string {
  const host = registryHost === HUB ? "docker.io" : registryHost;
  const tagged = tag === undefined ? "" : `:${tag}`;
  return `${host}/${repository}${tagged}${digest === undefined ? "" : `@${digest}`}`;
}

/** @returns what a reference points to: its digest, else its tag, else "latest" */
export function manifestOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? "latest";
}

/** Brings the names that one registry has to the host that answers. */
export function toRegistryHost(name: string): string {
  const host = name.toLowerCase();
  return hubNames.has(host) ? HUB : host;
}

/** Tells whether a name says which registry it belongs to, by Docker's rule, which is wrangler's. */
export function hasRegistryHost(name: string): boolean {
  const slash = name.indexOf("/");
  return slash > 0 && hostPattern.test(name.slice(0, slash));
}

function splitHost(named: string): { readonly registryHost: string; readonly path: string } {
  if (!hasRegistryHost(named)) return { registryHost: HUB, path: named };
  const slash = named.indexOf("/");
  return { registryHost: toRegistryHost(named.slice(0, slash)), path: named.slice(slash + 1) };
}

function splitTag(path: string): { readonly repository: string; readonly tag?: string } {
  const colon = path.indexOf(":");
  if (colon === -1) return { repository: path };
  return { repository: path.slice(0, colon), tag: path.slice(colon + 1) };
}

function findWrong({ registryHost, repository, tag, digest }: Reference): string | undefined {
  if (!URL.canParse(`https://${registryHost}`)) return "the host is none";
  if (!repositoryPattern.test(repository)) return "the repository is empty or not in lower case";
  if (repository.length > REPOSITORY_LIMIT)
    return `it has more than ${REPOSITORY_LIMIT} characters`;
  if (tag !== undefined && !tagPattern.test(tag)) return "the tag is none";
  if (digest !== undefined && !isDigest(digest)) return "the digest is no sha256";
  return undefined;
}
