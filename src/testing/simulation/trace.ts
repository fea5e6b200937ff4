/** How much of a trace is kept: none, or the last so many lines. */
export type TraceOption = false | { readonly limit: number };

/** What happened in a world, a line each. The same seed gives the same bytes. */
export class Trace {
  readonly #epochMs: number;
  readonly #limit: number;
  #lines: string[] = [];

  constructor(epochMs: number, option: TraceOption = { limit: 10_000 }) {
    this.#epochMs = epochMs;
    this.#limit = option === false ? 0 : option.limit;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }

  add(nowMs: number, who: string, what: string): void {
    if (this.#limit === 0) return;
    this.#lines.push(`+${nowMs - this.#epochMs} ${who} ${what}`);
    if (this.#lines.length > 2 * this.#limit) this.#lines = this.#lines.slice(-this.#limit);
  }

  toString(): string {
    return this.lines.join("\n");
  }
}
