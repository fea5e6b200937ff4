import type { KnownUses } from "../../images/guard/refuse-used.ts";
import type { BuildStore, Image } from "../../images/image-store.ts";
import type { Descriptor, OciImage, Platform } from "../../images/oci/descriptor.ts";
import type { OnProgress } from "../../images/registry/transfer-progress.ts";
import type { LayoutReference } from "../../images/resolve-image.ts";
import type { RemoteImage } from "../../images/report/describe-remote.ts";
import type { BuildPlan, Compression, PushCheckOptions, KeepOptions } from "./image-options.ts";
import type { ProgressDisplay } from "./progress/progress-display.ts";

/** What one command on images works with. */
export interface ImageScope {
  readonly store: BuildStore;
  readonly builder: ImageBuilds;
  readonly packer: ImagePacker;
  readonly remote: RemoteImages;
  readonly guards: ImageGuards;
  readonly display: ProgressDisplay;
}

/** Builds images. */
export interface ImageBuilds {
  /** Builds under the first tag. */
  readonly build: (plan: BuildPlan) => Promise<Image>;
}

/** Turns images of the store into blobs and back. */
export interface ImagePacker {
  readonly pack: (image: Image, options: PackOptions) => Promise<OciImage>;
  /** Unpacks an image whose blobs are there. */
  readonly unpack: (manifestDigest: string, options: UnpackOptions) => Promise<Image>;
  /** Writes an OCI layout; an archive when the path ends in ".tar". */
  readonly writeLayout: (images: readonly NamedImage[], path: string) => Promise<void>;
  /** Takes one image of a layout or archive in. */
  readonly importLayout: (layout: LayoutReference, options: UnpackOptions) => Promise<Image>;
  /** Takes all images of a layout or archive in, by the names that they have there. */
  readonly readLayout: (path: string, platform: Platform) => Promise<readonly Image[]>;
}

/** How an image is packed. */
export interface PackOptions {
  readonly compression: Compression;
  readonly platform?: Platform;
  readonly onProgress?: OnProgress;
}

/** How an image is unpacked. */
export interface UnpackOptions {
  readonly tag?: string;
  readonly platform: Platform;
}

/** An image of a layout, and what it is called there. */
export interface NamedImage {
  readonly image: OciImage;
  readonly names: readonly string[];
}

/** Images in registries. */
export interface RemoteImages {
  readonly push: (
    image: OciImage,
    reference: string,
    onProgress: OnProgress,
  ) => Promise<PushedImage>;
  /** Brings the blobs here. */
  readonly pull: (
    reference: string,
    platform: Platform,
    onProgress: OnProgress,
  ) => Promise<OciImage>;
  readonly listTags: (repository: string) => Promise<readonly string[]>;
  readonly listRepositories: (registryHost: string) => Promise<readonly string[]>;
  /** Reads what describes an image, and no layer. */
  readonly describe: (reference: string) => Promise<RemoteImage>;
  /** Finds out what an image takes there, from its manifests alone. */
  readonly measure: (reference: string) => Promise<MeasuredImage>;
  /** @returns the digest of what was deleted */
  readonly deleteManifest: (reference: string) => Promise<string>;
  /**
   * Says where an image goes: to Cloudflare's registry, in this account's part of it, when the name
   * has no registry.
   */
  readonly toTarget: (name: string) => Promise<string>;
  /** Connects to where an image will be pushed, and looks what is there, ahead of need. */
  readonly lookAhead: (reference: string) => void;
}

/** What an image takes in a registry. */
export interface MeasuredImage {
  /** Of its manifest, or of its index. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Its manifests and blobs: several images may share some. */
  readonly parts: readonly Pick<Descriptor, "digest" | "size">[];
}

/** What came of a push. */
export interface PushedImage {
  readonly digest: string;
  /** The reference with the digest, for a configuration. */
  readonly uri: string;
  readonly sentBytes: number;
  readonly blobs: { readonly sent: number; readonly present: number; readonly mounted: number };
}

/** What keeps a user from breaking a deployment. */
export interface ImageGuards {
  /**
   * Checks an image before any byte of it is sent.
   *
   * @returns what is no reason to stop, but should be known
   * @throws {ImageError} IMAGE_TOO_LARGE, ACCOUNT_FULL, IMAGE_UNFIT
   */
  readonly checkPush: (push: PushCheck, options: PushCheckOptions) => Promise<readonly string[]>;
  /** Finds out what uses images: all that is deployed too, unless only the store is concerned. */
  readonly findUses: (place: ImagePlace, options: KeepOptions) => Promise<KnownUses>;
  /** Writes a URI into the configuration, or says what to paste. */
  readonly offerUri: (uri: string, options: PushCheckOptions) => Promise<ConfigOffer>;
}

/** Where images are to be deleted. */
export type ImagePlace =
  | { readonly kind: "store" }
  /** With the registry's host. */
  | { readonly kind: "registry"; readonly repository: string };

/** An image that is about to be pushed. */
export interface PushCheck {
  readonly image: Image;
  readonly packed: OciImage;
  readonly target: string;
}

/** What a configuration has to say to use an image. */
export type ConfigOffer =
  /** There is no configuration, or it is not of this registry. */
  | { readonly kind: "none" }
  | { readonly kind: "written"; readonly path: string }
  | { readonly kind: "to-paste"; readonly lines: readonly string[] };
