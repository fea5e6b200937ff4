import type { Platform } from "../../images/oci/descriptor.ts";

/** What every command on images takes. */
export interface CommonOptions {
  /** Where images are kept; absolute, undefined for the user's own place. */
  readonly imagesDir: string | undefined;
  /** Prints one JSON document instead of words. */
  readonly isJson: boolean;
}

/** How an image is checked before it is pushed, and where its URI goes after. */
export interface PushCheckOptions {
  /** Pushes what a guard rail would stop. */
  readonly isForced: boolean;
  /** Whose disk the image must fit; undefined takes the configuration's. */
  readonly instanceType: string | undefined;
  /** Instead of the type's disk. */
  readonly diskBytes: number | undefined;
  /** What all images of the account may come to; undefined takes what Cloudflare gives. */
  readonly accountLimitBytes: number | undefined;
  /** The wrangler configuration; absolute, undefined looks for it. */
  readonly configPath: string | undefined;
  /** Writes the URI into the configuration. */
  readonly isWritten: boolean;
  /** Of the container that gets the URI, where the configuration has several. */
  readonly className: string | undefined;
}

/** How layers are packed. */
export type Compression = "gzip" | "zstd";

/** What is built, and how. */
export interface BuildPlan {
  readonly contextDir: string;
  readonly dockerfilePath: string;
  /** As written; the first names the image while it is built. */
  readonly tags: readonly [string, ...string[]];
  readonly platform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  /** More names for FROM and --from. */
  readonly buildContexts: Readonly<Record<string, string>>;
  /** Files that RUN --mount=type=secret shows, by id. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly runNetwork: "none" | "internet";
  readonly isCacheUsed: boolean;
  /** Looks tags that FROM names up in their registries, though they are here. */
  readonly isPullForced: boolean;
  /** "berth" builds without Docker. */
  readonly builder: "berth" | "docker" | "podman";
}

/** `berth images build`. */
export interface BuildImageOptions extends BuildPlan, CommonOptions, PushCheckOptions {
  readonly isPushed: boolean;
  readonly compression: Compression;
  /** Where an OCI layout is written; absolute. */
  readonly output: string | undefined;
}

/** `berth images push`. */
export interface PushOptions extends CommonOptions, PushCheckOptions {
  readonly image: string;
  /** Where to; undefined where the image's name says. */
  readonly reference: string | undefined;
  readonly compression: Compression;
}

/** `berth images pull`. */
export interface PullOptions extends CommonOptions {
  readonly reference: string;
  /** A name besides the reference. */
  readonly tag: string | undefined;
  readonly platform: Platform;
}

/** `berth images list`. */
export interface ListOptions extends CommonOptions {
  /** A registry's host, with a repository or without. */
  readonly remote: string | undefined;
}

/** `berth images inspect`. */
export interface InspectOptions extends CommonOptions {
  readonly image: string;
  /** Looks in the registry instead of here. */
  readonly isRemote: boolean;
  /** Lists the largest files. */
  readonly isFilesShown: boolean;
}

/** What may not be deleted. */
export interface KeepOptions {
  /** A list of what is in use, one a line; absolute. */
  readonly keepFile: string | undefined;
  readonly configPath: string | undefined;
}

/** `berth images delete`. */
export interface DeleteOptions extends CommonOptions, KeepOptions {
  readonly image: string;
  readonly isRemote: boolean;
  readonly isForced: boolean;
}

/** `berth images prune`. */
export interface PruneOptions extends CommonOptions, KeepOptions {
  /** A repository of a registry; undefined for the store. */
  readonly remote: string | undefined;
  /** Of the store: what was used since stays, as a build under way may want it, in milliseconds. */
  readonly unusedForMs: number;
  /** Deletes; otherwise it is only said what would go. */
  readonly isConfirmed: boolean;
}

/** `berth images load`. */
export interface LoadOptions extends CommonOptions {
  readonly path: string;
  readonly platform: Platform;
}

/** `berth images save`. */
export interface SaveOptions extends CommonOptions {
  readonly image: string;
  readonly output: string;
  readonly compression: Compression;
}

/** What the commands on images do; each gives its exit code. */
export interface ImageActions {
  readonly build: (options: BuildImageOptions) => Promise<number>;
  readonly push: (options: PushOptions) => Promise<number>;
  readonly pull: (options: PullOptions) => Promise<number>;
  readonly list: (options: ListOptions) => Promise<number>;
  readonly inspect: (options: InspectOptions) => Promise<number>;
  readonly delete: (options: DeleteOptions) => Promise<number>;
  readonly prune: (options: PruneOptions) => Promise<number>;
  readonly load: (options: LoadOptions) => Promise<number>;
  readonly save: (options: SaveOptions) => Promise<number>;
}
