import type { ImageConfig } from "../image-store.ts";
import type { Platform } from "../oci/descriptor.ts";
import type { LargeFile } from "./largest-files.ts";

/** What is known of an image before it is pushed. */
export interface ImageFacts {
  /** Its name, for what is printed. */
  readonly name: string;
  readonly platform: Platform;
  /** Lowest first. */
  readonly layers: readonly LayerFacts[];
  readonly config: Pick<ImageConfig, "cmd" | "entrypoint" | "exposedPorts">;
  /** The largest first; left out where nobody looked. */
  readonly largestFiles?: readonly LargeFile[];
  /** What the account's registry holds; left out where it is not known. */
  readonly accountBytes?: number;
  /** What a push would add to it, packed. */
  readonly addedBytes?: number;
}

/** What is known of a layer. */
export interface LayerFacts {
  /** Its digest, or its name in the store. */
  readonly name: string;
  /** Of its files, unpacked. */
  readonly sizeBytes: number;
}

/** What an image has to fit in. */
export interface ImageLimits {
  /** What the disk belongs to, for what is printed: the name of an instance type. */
  readonly instanceType: string;
  readonly diskBytes: number;
  /** What all images of the account may come to. */
  readonly accountBytes: number;
}
