import type { StoredImage } from "../../images/guard/account-bytes.ts";
import type { ImageProblem } from "../../images/guard/check-image.ts";
import type { ImageFacts, ImageLimits } from "../../images/guard/image-facts.ts";

/** Builds images and sends them: what a deployment needs of the builder and the registry. */
export interface DeployImages {
  /**
   * Builds an image from a Dockerfile; what did not change is not built anew.
   *
   * @throws {ImageError}
   */
  build(request: DeployBuild): Promise<BuiltImage>;
  /** Lists what the account's registry holds; throws when that can't be known. */
  measureAccount(): Promise<readonly StoredImage[]>;
  /**
   * Sends an image to a registry, which has it under this reference then. What is there is not
   * sent again.
   *
   * @param reference with the registry's host and a tag
   * @throws {ImageError}
   */
  push(image: BuiltImage, reference: string): Promise<void>;
}

/** What to build. */
export interface DeployBuild {
  readonly dockerfilePath: string;
  readonly contextDir: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The name of the result on this machine. */
  readonly tag: string;
}

/** What the account's registry holds, and what a push adds to it. */
export type AccountUsage = Required<Pick<ImageFacts, "accountBytes" | "addedBytes">>;

/** An image on this machine, packed. */
export interface BuiltImage extends StoredImage {
  readonly tag: string;
  /** "sha256:…" of the manifest that a push sends. */
  readonly digest: string;
  /** Checks it against what Cloudflare gives. */
  readonly check: (
    limits: ImageLimits,
    account: AccountUsage | undefined,
  ) => Promise<readonly ImageProblem[]>;
}
