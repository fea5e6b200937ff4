import type { ImageConfig } from "./image.ts";

/** How `commit()` makes an image. */
export interface CommitOptions {
  /** A name for the new image; it is taken away from an older image of that name. */
  readonly tag?: string;
  /** What differs from the parent's config. */
  readonly config?: Partial<ImageConfig>;
}
