import { checkStoredImage } from "../../images/guard/check-stored-image.ts";
import type { Image } from "../../images/image-store.ts";
import type { OciImage, Platform } from "../../images/oci/descriptor.ts";
import { defaultPlatform } from "../../images/oci/platform.ts";
import { readPlatform } from "../../images/report/read-platform.ts";
import type { AskWrangler } from "../deploy/ask-wrangler.ts";
import type { BuiltImage, DeployBuild, DeployImages } from "../deploy/deploy-images.ts";
import { measureRemoteAccount } from "./measure-remote-account.ts";
import type { BuildPlan } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { toStoredImage } from "./stored-image.ts";

/** What {@link openDeployImages} needs besides. */
export interface DeployImagesOptions {
  readonly ask: AskWrangler;
  /** What RUN may reach. */
  readonly runNetwork: BuildPlan["runNetwork"];
}

/** Builds and sends the images of a deployment by what the commands on images work with. */
export function openDeployImages(
  scope: ImageScope & AsyncDisposable,
  { ask, runNetwork }: DeployImagesOptions,
): AsyncDisposable & DeployImages {
  const { remote, packer, builder, display } = scope;
  const packedImages = new Map<BuiltImage, OciImage>();
  return {
    build: async (request) => {
      await using _held = await scope.store.hold();
      const image = await builder.build(toPlan(request, runNetwork));
      const onProgress = display.follow("pack");
      const packed = await packer.pack(image, {
        ...{ compression: "gzip", platform: defaultPlatform, onProgress },
      });
      const platform = await readPlatform(scope.store.blobs, packed);
      const built = toBuilt({ image, packed, platform }, request.tag, scope);
      packedImages.set(built, packed);
      return built;
    },
    measureAccount: () => measureRemoteAccount(ask, remote),
    push: async (built, reference) => {
      const packed = packedImages.get(built);
      if (packed === undefined) throw new Error(`Cannot push ${built.tag}: it was not built here`);
      await using _held = await scope.store.hold();
      await remote.push(packed, reference, display.follow("push"));
    },
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

function toPlan(
  { dockerfilePath, contextDir, buildArgs, tag }: DeployBuild,
  runNetwork: BuildPlan["runNetwork"],
): BuildPlan {
  return {
    ...{ dockerfilePath, contextDir, buildArgs, platform: defaultPlatform, tags: [tag] },
    ...{ target: undefined, buildContexts: {}, secrets: {} },
    runNetwork,
    isCacheUsed: true,
    isPullForced: false,
    builder: "berth",
  };
}

function toBuilt(
  {
    image,
    packed,
    platform,
  }: { readonly image: Image; readonly packed: OciImage; readonly platform: Platform },
  tag: string,
  { store }: ImageScope,
): BuiltImage {
  const { layers } = store;
  return {
    ...toStoredImage([packed.config, ...packed.layers]),
    tag,
    digest: packed.manifest.digest,
    check: (limits, account) =>
      checkStoredImage({
        ...{ image, layers, platform, limits, name: tag },
        ...(account !== undefined && { account }),
      }),
  };
}
