import type { ImageLimits } from "../../images/guard/image-facts.ts";
import type { Image } from "../../images/image-store.ts";
import type { OciImage } from "../../images/oci/descriptor.ts";

/** Builds images and sends them: what a deployment needs of the builder and the registry. */
export interface DeployImages {
  /**
   * Builds and packs an image from a Dockerfile; what did not change is not done anew.
   *
   * @throws {ImageError}
   */
  build(request: DeployBuild): Promise<BuiltImage>;
  /**
   * Checks an image before any byte of it is sent.
   *
   * @returns what to tell the user
   * @throws {ImageError} IMAGE_TOO_LARGE, ACCOUNT_FULL, IMAGE_UNFIT
   */
  check(image: BuiltImage, against: DeployCheck): Promise<readonly string[]>;
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

/** An image of the store, packed. */
export interface BuiltImage {
  readonly tag: string;
  readonly image: Image;
  readonly packed: OciImage;
}

/** What an image is checked against. */
export interface DeployCheck {
  /** Where it is to go. */
  readonly target: string;
  readonly limits: ImageLimits;
  /** "force": nothing is refused, all is told. */
  readonly mode: "check" | "force";
  /** Whether the registry is asked what the account holds. */
  readonly account: "measure" | "skip";
}
