import type { Platform } from "./oci/descriptor.ts";
import type { JsonObject } from "./oci/json-fields.ts";

/** What an image says of the process to run. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** "name", "uid" or "uid:gid"; root when absent. */
  readonly user?: string;
  /** TCP ports named by EXPOSE. */
  readonly exposedPorts: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  /** What the shell form runs in; /bin/sh -c when absent. */
  readonly shell?: readonly string[];
  /** Directories named by VOLUME. They have no effect here. */
  readonly volumes?: readonly string[];
  /** HEALTHCHECK as an image's config has it. It has no effect here. */
  readonly healthcheck?: JsonObject;
}

/** The image that an image of the store was imported as, or stands on. */
export interface ImageOrigin {
  /** "sha256:…" of the manifest, whose blob is kept with that of the config. */
  readonly manifestDigest: string;
  /** How many of the lowest layers are the manifest's. */
  readonly layerCount: number;
}

/** One image of the store. */
export interface Image {
  /** "sha256:…" of its config. */
  readonly id: string;
  readonly tags: readonly string[];
  /** Unpacked directories, lowest first. */
  readonly layers: readonly string[];
  /** The instruction that made each layer, where it is known; else "". */
  readonly history?: readonly string[];
  /** What lies under the layers: the allow-list view of the host, or nothing. */
  readonly base: "host" | "none";
  /** What it runs on; this machine's when absent. */
  readonly platform?: Platform;
  readonly config: ImageConfig;
  readonly createdAtMs: number;
  /** Of the layers, without the base. */
  readonly sizeBytes: number;
  /** The id of the image that this one was committed on. */
  readonly parent?: string;
  /** Absent for an image that stands on none that was imported. */
  readonly origin?: ImageOrigin;
}
