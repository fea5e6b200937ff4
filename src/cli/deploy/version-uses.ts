import type { ImageUse } from "../../images/guard/find-users.ts";
import type { AskWrangler } from "./ask-wrangler.ts";
import { valueAt } from "./config-file.ts";
import { fieldOf, listOf, parseWranglerJson, textOf } from "./parse-wrangler-json.ts";

/** Whose versions to ask for. */
export interface VersionScope {
  readonly ask: AskWrangler;
  /** A configuration, which names the Worker. */
  readonly path: string;
  readonly envName: string | undefined;
}

/** `wrangler versions list` prints the newest ten; a rollback reaches a hundred. */
const LISTED_VERSIONS = 10;
/** What Cloudflare's API says of a Worker that was never deployed. */
const NEVER_DEPLOYED = /\b(10007|10090)\b|does not exist on your account/i;

/**
 * Asks wrangler which versions of a Worker there are, each with the images it needs.
 *
 * @throws {CliError} WRANGLER_FAILED
 */
export async function collectVersionUses(scope: VersionScope): Promise<readonly ImageUse[]> {
  const listed = await listVersions(scope);
  const deployed = await listDeployed(scope);
  const ids = new Set([...deployed, ...listed.flatMap((version) => textOf(version, "id") ?? [])]);
  const uses = [...ids].map((versionId) => versionUse(versionId, deployed));
  const pinned = listed.flatMap((version) =>
    pinnedImages(version).map((reference) => ({
      ...versionUse(textOf(version, "id") ?? "", deployed),
      wants: { kind: "reference" as const, reference },
    })),
  );
  return [...uses, ...pinned, ...(listed.length < LISTED_VERSIONS ? [] : [unlisted(scope)])];
}

function versionUse(versionId: string, deployed: ReadonlySet<string>): ImageUse {
  const isDeployed = deployed.has(versionId);
  return {
    by: isDeployed ? `the deployed version ${versionId}` : `version ${versionId}`,
    breaks: isDeployed
      ? "new instances of it cannot start, and a rollback to it fails"
      : "a rollback to it fails",
    wants: { kind: "version", versionId },
  };
}

function unlisted({ path, envName }: VersionScope): ImageUse {
  const where = envName === undefined ? path : `${path}, env ${envName}`;
  return {
    by: `perhaps a version older than the ${LISTED_VERSIONS} that wrangler lists for ${where}`,
    breaks: "a rollback to it fails",
    wants: { kind: "unlisted-version" },
  };
}

/** Versions of the policy "durable_object" carry their images with them. */
function pinnedImages(version: unknown): readonly string[] {
  const containers = listOf(valueAt(version, ["resources", "script_runtime", "containers"]));
  return containers.flatMap((container) => {
    const images = fieldOf(container, "images");
    if (typeof images !== "object" || images === null) return [];
    return Object.values(images).flatMap((image: unknown) =>
      typeof image === "string" ? image : (textOf(image, "image") ?? []),
    );
  });
}

async function listVersions(scope: VersionScope): Promise<readonly unknown[]> {
  return listOf(await askOf(scope, ["versions", "list"]));
}

/** The versions of the last deployments, that of today first of all. */
async function listDeployed(scope: VersionScope): Promise<ReadonlySet<string>> {
  const deployments = listOf(await askOf(scope, ["deployments", "list"]));
  const newest = deployments.toSorted((a, b) => createdOn(b).localeCompare(createdOn(a)))[0];
  const versions = listOf(fieldOf(newest, "versions"));
  return new Set(versions.flatMap((version) => textOf(version, "version_id") ?? []));
}

function createdOn(deployment: unknown): string {
  return textOf(deployment, "created_on") ?? "";
}

async function askOf(
  { ask, path, envName }: VersionScope,
  command: readonly string[],
): Promise<unknown> {
  const env = envName === undefined ? [] : ["--env", envName];
  try {
    return parseWranglerJson(await ask([...command, "--json", "--config", path, ...env]));
  } catch (error) {
    if (error instanceof Error && NEVER_DEPLOYED.test(error.message)) return [];
    throw error;
  }
}
