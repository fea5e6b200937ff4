import { homedir } from "node:os";
import { join } from "node:path";

import { openImageStore } from "../../images/image-store.ts";
import { firstOf } from "../../images/registry/credentials.ts";
import { dockerCredentials } from "../../images/registry/docker-credentials.ts";
import { createImageResolver } from "../../images/resolve-image.ts";
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
import { openRemote } from "./open-remote.ts";
import { openDisplay } from "./progress/open-display.ts";
import { hasRegistryHost } from "./registry-name.ts";

/** What {@link withImageScope} needs. */
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
}

/**
 * Opens what a command on images works with, has it work, and closes all of it.
 *
 * @throws {CliError} IMAGES_DIR_UNUSABLE
 */
export async function withImageScope<Result>(
  request: ScopeRequest,
  work: (scope: ImageScope) => Promise<Result>,
): Promise<Result> {
  const { env, signal, projectDir, version } = request;
  const directory = requireImagesDir(request);
  const store = await openImageStore(directory);
  const display = openDisplay(request);
  await using runs = openRunStep(display.log);
  // Ends what runs at once; the build that waits for it fails, and cleans up.
  signal.addEventListener("abort", () => void runs[Symbol.asyncDispose](), { once: true });
  const ask = askLazily(request);
  const cloudflare = openCloudflareRegistry({ ask, env });
  const credentials = firstOf(
    cloudflare.credentials,
    dockerCredentials({ env, homeDir: homedir() }),
  );
  const toTarget = (name: string): Promise<string> => targetOf(name, cloudflare);
  const mountMemoryPath = join(directory, "mounts.json");
  const { blobs } = store;
  using remote = openRemote({ blobs, credentials, mountMemoryPath, toTarget, version, signal });
  const resolverOf = (contextDir: string) =>
    createImageResolver({ store, contextDir, registry: remote.registry });
  const { log } = display;
  try {
    return await work({
      ...{ store, display, remote },
      packer: openPacker(store, env),
      builder: openBuilds({ store, run: runs.run, resolverOf, signal }),
      guards: openGuards({ store, remote, cloudflare, ask, projectDir, say: log }),
    });
  } finally {
    display.close();
  }
}

function requireImagesDir({ options, env }: ScopeRequest): string {
  if (options.imagesDir !== undefined) return options.imagesDir;
  const directory = imagesDir(env);
  if (directory !== undefined) return directory;
  throw new CliError(
    "IMAGES_DIR_UNUSABLE",
    "Cannot keep images: this user has no cache directory to write to; give --images-dir, or set " +
      "BERTH_IMAGES_DIR",
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
