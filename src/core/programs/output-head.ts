/** The beginning of what a program writes to its outputs: so many bytes together, and no more. */
export class OutputHead {
  readonly #parts: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  #leftBytes: number;
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#leftBytes = maxBytes;
  }

  /** Whether more was written than is kept. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** Takes a part, of which a copy is kept. */
  take(from: "stdout" | "stderr", part: Uint8Array): void {
    const kept = part.slice(0, this.#leftBytes);
    this.#leftBytes -= kept.length;
    if (kept.length > 0) this.#parts[from].push(kept);
    if (kept.length < part.length) this.#isTruncated = true;
  }

  /** What is kept of one output, as text. */
  text(from: "stdout" | "stderr"): string {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
    const parts = this.#parts[from].map((part) => decoder.decode(part, { stream: true }));
    return parts.join("") + decoder.decode();
  }
}
