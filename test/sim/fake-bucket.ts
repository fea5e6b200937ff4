/** An R2 bucket in memory, as far as directories use one. It fails and hangs on command. */
export class FakeBucket {
  /** What is there, by key. */
  readonly objects = new Map<string, Uint8Array>();
  /** Uploads that were begun, and neither completed nor aborted. */
  readonly uploads = new Set<string>();
  /** The size of every part that was uploaded. */
  readonly partBytes: number[] = [];
  /** The next calls of each kind that fail, with a text. */
  readonly faults: { kind: "put" | "part" | "get" | "body" | "delete"; text: string }[] = [];
  /** Resolves when parts and objects may be written. */
  gate: Promise<unknown> = Promise.resolve();
  #begun = 0;

  async put(key: string, value: Uint8Array): Promise<void> {
    const bytes = value.slice();
    await this.gate;
    this.#fail("put");
    this.objects.set(key, bytes);
  }

  async get(key: string): Promise<object | null> {
    this.#fail("get");
    const bytes = this.objects.get(key);
    if (bytes === undefined) return null;
    const fault = this.#take("body");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (fault !== undefined) {
          controller.enqueue(bytes.slice(0, bytes.length / 2));
          return controller.error(new Error(fault));
        }
        controller.enqueue(bytes);
        controller.close();
      },
    });
    return { body };
  }

  async delete(keys: string | string[]): Promise<void> {
    this.#fail("delete");
    for (const key of [keys].flat()) this.objects.delete(key);
  }

  async createMultipartUpload(key: string): Promise<object> {
    this.#begun += 1;
    const uploadId = `upload-${this.#begun}`;
    this.uploads.add(uploadId);
    const parts: Uint8Array[] = [];
    return {
      ...this.resumeMultipartUpload(key, uploadId),
      uploadId,
      uploadPart: async (partNumber: number, value: Uint8Array) => {
        const bytes = value.slice();
        await this.gate;
        this.#fail("part");
        this.partBytes.push(bytes.length);
        parts[partNumber - 1] = bytes;
        return { partNumber, etag: "" };
      },
      complete: async (given: readonly unknown[]) => {
        if (given.length !== parts.length) throw new Error("parts are missing");
        this.uploads.delete(uploadId);
        this.objects.set(key, Uint8Array.from(Buffer.concat(parts)));
      },
    };
  }

  resumeMultipartUpload(_key: string, uploadId: string): { abort(): Promise<void> } {
    return { abort: async () => void this.uploads.delete(uploadId) };
  }

  #fail(kind: "put" | "part" | "get" | "delete"): void {
    const text = this.#take(kind);
    if (text !== undefined) throw new Error(text);
  }

  #take(kind: string): string | undefined {
    const at = this.faults.findIndex((fault) => fault.kind === kind);
    return at === -1 ? undefined : this.faults.splice(at, 1)[0]?.text;
  }
}
