import { ImageError } from "../../images/image-error.ts";
import type { CredentialSource, Credentials } from "../../images/registry/credentials.ts";
import { CliError } from "../cli-error.ts";
import type { AskWrangler } from "./ask-wrangler.ts";
import { fieldOf, parseWranglerJson, textOf } from "./parse-wrangler-json.ts";

/** Cloudflare's registry, as wrangler gives access to it. */
export interface CloudflareRegistry {
  /** "registry.cloudflare.com", or what the environment says instead. */
  readonly host: string;
  /** Gives the credentials of this registry, and none of another. */
  readonly credentials: CredentialSource;
  /**
   * Writes the name of an image as this registry wants it: with the host and the account.
   *
   * @param name "app:1", with or without host and account
   * @throws {ImageError} CREDENTIALS_FAILED; BAD_REFERENCE when it is another account's
   */
  qualify(name: string): Promise<string>;
}

/** What {@link openCloudflareRegistry} needs. */
export interface CloudflareRegistryOptions {
  readonly ask: AskWrangler;
  /** `CLOUDFLARE_CONTAINER_REGISTRY` and more, as wrangler reads them. */
  readonly env: NodeJS.ProcessEnv;
  /** `compliance_region` of the configuration. */
  readonly complianceRegion?: string;
  readonly nowMs?: () => number;
}

interface Grant {
  readonly credentials: Credentials;
  readonly accountId: string | undefined;
  readonly expiresAtMs: number;
}

const EXPIRATION_MINUTES = 15;
/** A push may begin just before they expire; each request after that asks anew. */
const SPARE_MS = 3 * 60_000;
const ACCOUNT_ID = /^[0-9a-f]{32}$/;

/** Opens Cloudflare's registry with the login of the project's wrangler. Asks when first needed. */
export function openCloudflareRegistry(options: CloudflareRegistryOptions): CloudflareRegistry {
  const { env, nowMs = Date.now } = options;
  const host = cloudflareRegistryHost(env, options.complianceRegion);
  let last: Promise<Grant | undefined> = Promise.resolve(undefined);
  // Each waits for the one before it, so that those who come together share one answer.
  const ask = (): Promise<Grant> => {
    const before = last;
    const next = (async () => {
      const known = await before.catch(() => undefined);
      const isFresh = known !== undefined && known.expiresAtMs > nowMs();
      return isFresh ? known : requestGrant(options.ask, nowMs());
    })();
    last = next;
    return next;
  };
  const accountOf = async (): Promise<string> =>
    givenAccount(env) ?? (await ask()).accountId ?? (await askAccount(options.ask));
  return {
    host,
    credentials: async (registryHost) =>
      registryHost === host ? (await ask()).credentials : undefined,
    qualify: async (name) => qualifyName(name, host, await accountOf()),
  };
}

/** @returns the host of Cloudflare's registry, as wrangler finds it */
export function cloudflareRegistryHost(env: NodeJS.ProcessEnv, complianceRegion?: string): string {
  const given = env["CLOUDFLARE_CONTAINER_REGISTRY"];
  if (given !== undefined && given !== "") return given;
  const stage = env["WRANGLER_API_ENVIRONMENT"] === "staging" ? "staging." : "";
  const region = env["CLOUDFLARE_COMPLIANCE_REGION"] ?? complianceRegion ?? "public";
  return `${stage}registry${region === "fedramp_high" ? ".fed" : ""}.cloudflare.com`;
}

async function requestGrant(ask: AskWrangler, nowMs: number): Promise<Grant> {
  const answer = parseWranglerJson(await askOrFail(ask, grantCommand));
  const username = textOf(answer, "username");
  const password = textOf(answer, "password");
  if (username === undefined || password === undefined) {
    throw failure("wrangler printed no user name and password", undefined);
  }
  return {
    credentials: { kind: "basic", username, password },
    accountId: textOf(answer, "account_id"),
    expiresAtMs: nowMs + EXPIRATION_MINUTES * 60_000 - SPARE_MS,
  };
}

const grantCommand = [
  ...["containers", "registries", "credentials", "--push", "--pull", "--json"],
  `--expiration-minutes=${EXPIRATION_MINUTES}`,
] as const;

/** The account of a login that has just one. */
async function askAccount(ask: AskWrangler): Promise<string> {
  const accounts = fieldOf(
    parseWranglerJson(await askOrFail(ask, ["whoami", "--json"])),
    "accounts",
  );
  const ids = Array.isArray(accounts)
    ? accounts.flatMap((account) => textOf(account, "id") ?? [])
    : [];
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return id;
  throw failure(
    `the login has ${ids.length} accounts: set CLOUDFLARE_ACCOUNT_ID to one`,
    undefined,
  );
}

async function askOrFail(ask: AskWrangler, args: readonly string[]): Promise<string> {
  try {
    return await ask(args);
  } catch (cause) {
    throw failure(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function failure(why: string, cause: unknown): ImageError {
  const text = `Cannot get credentials of Cloudflare's registry: ${why}`;
  return new ImageError("CREDENTIALS_FAILED", `${text}; ${fixOf(cause)}`, { cause });
}

/** wrangler's own failures say already what would help. */
function fixOf(cause: unknown): string {
  if (cause instanceof CliError) return "the token needs the permission Containers: Edit";
  return (
    "run npx wrangler login, or set CLOUDFLARE_API_TOKEN (with the permission Containers: Edit) " +
    "and CLOUDFLARE_ACCOUNT_ID"
  );
}

function qualifyName(name: string, host: string, accountId: string): string {
  const path = name.startsWith(`${host}/`) ? name.slice(host.length + 1) : name;
  const first = path.split("/")[0] ?? "";
  if (first === accountId) return `${host}/${path}`;
  if (!ACCOUNT_ID.test(first) || !path.includes("/")) return `${host}/${accountId}/${path}`;
  throw new ImageError(
    "BAD_REFERENCE",
    `Cannot use image ${name}: it belongs to account ${first}, and the login to ${accountId}; ` +
      "set CLOUDFLARE_ACCOUNT_ID, or leave the account out of the name",
  );
}

function givenAccount(env: NodeJS.ProcessEnv): string | undefined {
  const given = env["CLOUDFLARE_ACCOUNT_ID"];
  return given === "" ? undefined : given;
}
