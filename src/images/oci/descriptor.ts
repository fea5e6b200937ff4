/** Points to a blob by its content, as the image specification's descriptor does. */
export interface Descriptor {
  /** What the blob is. */
  readonly mediaType: string;
  /** "sha256:…" of its bytes. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What an entry of an index runs on. */
  readonly platform?: Platform;
}

/** What an image runs on. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** An image whose blobs are all in a blob store. */
export interface OciImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}
