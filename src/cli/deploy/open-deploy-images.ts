import type { ImageFacts } from "../../images/guard/image-facts.ts";
import { readPlatform } from "../../images/report/read-platform.ts";
import { findAccountFacts } from "../images/account-facts.ts";
import { checkPush } from "../images/check-push.ts";
import type { BuildImageOptions } from "../images/image-options.ts";
import type { ImageScope, PushCheck } from "../images/image-scope.ts";
import { openImageScope, type ScopeRequest } from "../images/open-scope.ts";
import type { CloudflareRegistry } from "./cloudflare-registry.ts";
import type { DeployBuild, DeployCheck, DeployImages } from "./deploy-images.ts";

/** What {@link openDeployImages} needs. */
export interface DeployImagesOptions extends Omit<ScopeRequest, "cloudflare"> {
  readonly registry: CloudflareRegistry;
  readonly runNetwork: "none" | "internet";
}

const platform = { os: "linux", architecture: "amd64" } as const; // the one that Cloudflare runs

/**
 * Opens the builder and the registries for a deployment.
 *
 * @throws {CliError} IMAGES_DIR_UNUSABLE
 */
export async function openDeployImages(
  options: DeployImagesOptions,
): Promise<DeployImages & AsyncDisposable> {
  const { registry, runNetwork } = options;
  const scope = await openImageScope({ ...options, cloudflare: registry });
  const { builder, display, packer, remote, store } = scope;
  return {
    build: async (request) => {
      const image = await builder.build(toBuildOptions(request, runNetwork), display.log);
      const onProgress = display.follow("pack");
      const packed = await packer.pack(image, { compression: "gzip", platform, onProgress });
      return { tag: request.tag, image, packed };
    },
    check: async (built, against) => {
      const push = { image: built.image, packed: built.packed, target: against.target };
      const account = await accountFacts(push, against, { scope, host: registry.host });
      const itsPlatform = await readPlatform(store.blobs, built.packed);
      const { limits, mode } = against;
      return checkPush(push, { store, limits, mode, platform: itsPlatform, account });
    },
    push: async (built, reference) => {
      await remote.push(built.packed, reference, display.follow("push"));
    },
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

/** A registry that does not show what it holds is no reason not to deploy. */
async function accountFacts(
  push: PushCheck,
  { account }: DeployCheck,
  { scope, host }: { readonly scope: ImageScope; readonly host: string },
): Promise<Pick<ImageFacts, "accountBytes" | "addedBytes">> {
  if (account === "skip") return {};
  try {
    return await findAccountFacts(push, host, scope.remote);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    scope.display.log(`warning: the account's total is not checked: ${why}`);
    return {};
  }
}

function toBuildOptions(
  { dockerfilePath, contextDir, buildArgs, tag }: DeployBuild,
  runNetwork: "none" | "internet",
): BuildImageOptions {
  const unchecked = {
    ...{ isForced: false, isWritten: false, isPushed: false, isJson: false },
    ...{ instanceType: undefined, diskBytes: undefined, accountLimitBytes: undefined },
    ...{ configPath: undefined, className: undefined, imagesDir: undefined, output: undefined },
  };
  return {
    ...unchecked,
    ...{ dockerfilePath, contextDir, buildArgs, runNetwork, platform },
    ...{ tags: [tag], target: undefined, buildContexts: {}, secrets: {} },
    ...{ compression: "gzip", isCacheUsed: true, builder: "berth" },
  };
}
