import { emptyConfig } from "../../../../src/images/image-record.ts";
import type { Image, ImageConfig, ImageStore } from "../../../../src/images/image-store.ts";

/** Makes an image; what is not given is empty. */
export function fakeImage(tag: string, config: Partial<ImageConfig> = {}): Image {
  return {
    id: `sha256:${Buffer.from(tag).toString("hex").padEnd(64, "0").slice(0, 64)}`,
    tags: [tag],
    layers: [`/layers/${tag}`],
    base: "host",
    config: { ...emptyConfig, ...config },
    createdAtMs: 1_700_000_000_000,
    sizeBytes: 4096,
  };
}

/** An image store in memory. */
export class FakeImageStore implements ImageStore {
  readonly #images: Image[];

  constructor(images: readonly Image[]) {
    this.#images = [...images];
  }

  get(reference: string): Promise<Image | undefined> {
    const tag = /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;
    return Promise.resolve(
      this.#images.find((image) => image.id === reference || image.tags.includes(tag)),
    );
  }

  list(): Promise<readonly Image[]> {
    return Promise.resolve([...this.#images]);
  }

  tag(id: string, tag: string): Promise<void> {
    const at = this.#images.findIndex((image) => image.id === id);
    const image = this.#images[at];
    if (image !== undefined) this.#images[at] = { ...image, tags: [...image.tags, tag] };
    return Promise.resolve();
  }

  async remove(reference: string): Promise<boolean> {
    const image = await this.get(reference);
    if (image === undefined) return false;
    this.#images.splice(this.#images.indexOf(image), 1);
    return true;
  }

  commit(
    parent: Image,
    layerDir: string,
    options: { tag?: string; config?: Partial<ImageConfig> },
  ): Promise<Image> {
    const image: Image = {
      ...fakeImage(options.tag ?? `commit-${this.#images.length}:latest`),
      parent: parent.id,
      layers: [...parent.layers, layerDir],
      config: { ...parent.config, ...options.config },
    };
    this.#images.push(image);
    return Promise.resolve(image);
  }
}
