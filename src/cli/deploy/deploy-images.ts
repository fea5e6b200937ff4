import type { ImageFacts } from "../../images/guard/image-facts.ts";

/** Builds images and sends them: what a deployment needs of the builder and the registry. */
export interface DeployImages {
  /**
   * Builds an image from a Dockerfile; what did not change is not built anew.
   *
   * @throws {ImageError}
   */
  build(request: DeployBuild): Promise<BuiltImage>;
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

/** An image on this machine. */
export interface BuiltImage {
  readonly tag: string;
  /** "sha256:…" of the manifest that a push sends. */
  readonly digest: string;
  /** What the checks look at. */
  readonly facts: ImageFacts;
}
