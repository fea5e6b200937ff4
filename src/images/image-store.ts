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
}

/** One image of the store. */
export interface Image {
  /** "sha256:…" of its config. */
  readonly id: string;
  readonly tags: readonly string[];
  /** Unpacked directories, lowest first. */
  readonly layers: readonly string[];
  /** What lies under the layers: the allow-list view of the host, or nothing. */
  readonly base: "host" | "none";
  readonly config: ImageConfig;
  readonly createdAtMs: number;
  /** Of the layers, without the base. */
  readonly sizeBytes: number;
  /** The id of the image that this one was committed on. */
  readonly parent?: string;
}

/** How `commit()` makes an image. */
export interface CommitOptions {
  /** A name for the new image; it is taken away from an older image of that name. */
  readonly tag?: string;
  /** What differs from the parent's config. */
  readonly config?: Partial<ImageConfig>;
}

/** Images on this machine: unpacked layers and JSON records in one directory. */
export interface ImageStore {
  /**
   * Finds an image.
   *
   * @param reference a tag, a bare name (that is "name:latest"), an id or at least 12 digits of it
   */
  get(reference: string): Promise<Image | undefined>;
  /** Lists every image, newest first. */
  list(): Promise<readonly Image[]>;
  /**
   * Names an image; an older image of that name loses the name.
   *
   * @throws {ImageError} NO_SUCH_IMAGE when the id is unknown
   */
  tag(id: string, tag: string): Promise<void>;
  /**
   * Takes a tag away, and the image with its last tag; an id removes the image with all its tags.
   *
   * @returns false when there was no such image
   */
  remove(reference: string): Promise<boolean>;
  /**
   * Stores a layer on top of an image.
   *
   * @param layerDir moved into the store
   */
  commit(parent: Image, layerDir: string, options: CommitOptions): Promise<Image>;
}
