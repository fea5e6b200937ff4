/** How much of a trace is kept: none, or the last so many lines; or who is given each line. */
export type TraceOption = false | { readonly limit: number } | ((line: string) => void);

/** What happened in a world, a line each. The same seed gives the same bytes. */
export class Trace {
  readonly #epochMs: number;
  readonly #limit: number;
  readonly #onLine: ((line: string) => void) | undefined;
  #lines: string[] = [];

  constructor(epochMs: number, option: TraceOption = { limit: 10_000 }) {
    this.#epochMs = epochMs;
    this.#limit = typeof option === "object" ? option.limit : 0;
    this.#onLine = typeof option === "function" ? option : undefined;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }

  add(nowMs: number, who: string, what: string): void {
    if (this.#limit === 0 && this.#onLine === undefined) return;
    const line = `+${nowMs - this.#epochMs} ${who} ${what}`;
    this.#onLine?.(line);
    if (this.#limit === 0) return;
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#limit) this.#lines = this.#lines.slice(-this.#limit);
  }

  toString(): string {
    return this.lines.join("\n");
  }
}
