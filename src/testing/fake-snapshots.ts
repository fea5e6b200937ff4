/** The snapshots that a platform keeps; containers that share it can restore each other's. */
export class FakeSnapshots {
  readonly #images = new Map<string, string | undefined>();
  #failures: string[] = [];
  #hangs = 0;
  #taken = 0;

  /** The next calls of `snapshotContainer()` reject with a text of the platform's own. */
  fail(text: string, times = 1): void {
    for (let failure = 0; failure < times; failure += 1) this.#failures.push(text);
  }

  /** The next calls of `snapshotContainer()` never settle. */
  hang(times: number): void {
    this.#hangs = times;
  }

  /** The platform loses every snapshot that there is, as it does with those that expire. */
  loseAll(): void {
    this.#images.clear();
  }

  /** Whether a start from a snapshot succeeds. */
  has(id: string): boolean {
    return this.#images.has(id);
  }

  /** The image that a snapshot was made of. */
  imageOf(id: string): string | undefined {
    return this.#images.get(id);
  }

  async take(image: string | undefined, name: string | undefined): Promise<ContainerSnapshot> {
    const failure = this.#failures.shift();
    if (failure !== undefined) throw new Error(failure);
    if (this.#hangs > 0) {
      this.#hangs -= 1;
      await new Promise(() => {});
    }
    this.#taken += 1;
    const id = `snapshot-${this.#taken}`;
    this.#images.set(id, image);
    return { id, size: 1_024, name } as ContainerSnapshot; // the key is there without a name, too
  }
}
