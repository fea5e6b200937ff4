import { homedir } from "node:os";
import { join } from "node:path";

import { openImageStore, type BuildStore } from "../../images/image-store.ts";
import { firstOf } from "../../images/registry/credentials.ts";
import { dockerCredentials } from "../../images/registry/docker-credentials.ts";
import { CliError } from "../cli-error.ts";
import { createAskWrangler, type AskWrangler } from "../deploy/ask-wrangler.ts";
import { openCloudflareRegistry, type CloudflareRegistry } from "../deploy/cloudflare-registry.ts";
import { findWrangler } from "../find-wrangler.ts";
import { imagesDir } from "../images-dir.ts";
import type { CommonOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { openRunStep } from "./open-builder.ts";
import { openBuilds } from "./open-builds.ts";
import { openGuards } from "./open-guards.ts";
import { openPacker } from "./open-packer.ts";
import { openRemote, type OpenRemote } from "./open-remote.ts";
import { openDisplay } from "./progress/open-display.ts";
import { hasRegistryHost } from "../../images/registry/reference.ts";

/** What {@link openImageScope} needs. */
export interface ScopeRequest {
  readonly options: Pick<CommonOptions, "imagesDir">;
  readonly env: NodeJS.ProcessEnv;
  readonly projectDir: string;
  /** Where progress is shown. */
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Of berth. */
  readonly version: string;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Cloudflare's registry, when it is open already. */
  readonly cloudflare?: CloudflareRegistry;
}

/**
 * Opens what a command on images works with.
 *
 * @throws {CliError} IMAGES_DIR_UNUSABLE
 */
export async function openImageScope(request: ScopeRequest): Promise<ImageScope & AsyncDisposable> {
  const { env, signal, projectDir } = request;
  const closing = new AbortController();
  const directory = requireImagesDir(request);
  const store = await openImageStore(directory);
  const display = await openDisplay(request);
  const runs = openRunStep(display.log);
  // Ends what runs at once; the build that waits for it fails, and cleans up.
  signal.addEventListener("abort", () => void runs[Symbol.asyncDispose](), { once: true });
  // What was asked ahead of need, as for a build that failed, is waited for no longer.
  const ask = askLazily({ ...request, signal: AbortSignal.any([signal, closing.signal]) });
  const cloudflare = request.cloudflare ?? openCloudflareRegistry({ ask, env });
  const remote = openOwnRemote(request, { directory, store, cloudflare });
  const packer = openPacker(store, display.log);
  return {
    ...{ store, display, remote },
    packer,
    builder: openBuilds({ store, run: runs.run, remote, packer, display, signal }),
    guards: openGuards({ store, remote, cloudflare, ask, projectDir, say: display.log }),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      display.close();
      remote[Symbol.dispose]();
      await runs[Symbol.asyncDispose]();
    },
  };
}

interface OpenParts {
  /** Where images are kept. */
  readonly directory: string;
  readonly store: BuildStore;
  readonly cloudflare: CloudflareRegistry;
}

/** The registries that this user may use: by wrangler's login, and by Docker's. */
function openOwnRemote(
  { env, version, signal }: ScopeRequest,
  { directory, store, cloudflare }: OpenParts,
): OpenRemote {
  const docker = dockerCredentials({ env, homeDir: homedir() });
  return openRemote({
    ...{ version, signal, blobs: store.blobs },
    credentials: firstOf(cloudflare.credentials, docker),
    mountMemoryPath: join(directory, "mounts.json"),
    toTarget: (name) => targetOf(name, cloudflare),
  });
}

function requireImagesDir({ options, env }: Pick<ScopeRequest, "env" | "options">): string {
  const given = options.imagesDir ?? env["BERTH_IMAGES_DIR"];
  const directory = imagesDir({ ...env, BERTH_IMAGES_DIR: given });
  if (directory !== undefined) return directory;
  const isGiven = given !== undefined && given !== "";
  const where = isGiven ? `in ${given}` : "in the cache directory";
  throw new CliError(
    "IMAGES_DIR_UNUSABLE",
    `Cannot keep images ${where}: this user has no directory there to write to; give another ` +
      "with --images-dir, or set BERTH_IMAGES_DIR",
  );
}

/** Few commands need wrangler: it is looked for when one asks. */
function askLazily({ projectDir, env, signal }: ScopeRequest): AskWrangler {
  let found: Promise<AskWrangler> | undefined;
  const find = async (): Promise<AskWrangler> => {
    const wrangler = await findWrangler(projectDir);
    return createAskWrangler({ wrangler, projectDir, env, signal });
  };
  return async (args) => (await (found ??= find()))(args);
}

function targetOf(name: string, cloudflare: CloudflareRegistry): Promise<string> {
  const isOwn = !hasRegistryHost(name) || name.startsWith(`${cloudflare.host}/`);
  return isOwn ? cloudflare.qualify(name) : Promise.resolve(name);
}
