/** How many events of one kind are told within a window. */
const TOLD_PER_WINDOW = 10;
const WINDOW_MS = 1_000;

/** So many kinds are kept apart; beyond that all begin anew. */
const MAX_KINDS = 1_000;

interface Window {
  startedAtMs: number;
  told: number;
  suppressed: number;
}

/**
 * Limits how often like events are told: ten a second of each kind, each told one with the number
 * of those that were left out before it.
 */
export class ToldEvents {
  readonly #windows = new Map<string, Window>();

  /** @returns how many were left out since the last one told, or undefined to leave this one out */
  take(kind: string, nowMs: number): number | undefined {
    const window = this.#windowOf(kind, nowMs);
    if (window.told >= TOLD_PER_WINDOW) {
      window.suppressed += 1;
      return undefined;
    }
    window.told += 1;
    const { suppressed } = window;
    window.suppressed = 0;
    return suppressed;
  }

  #windowOf(kind: string, nowMs: number): Window {
    const known = this.#windows.get(kind);
    if (known === undefined) {
      if (this.#windows.size >= MAX_KINDS) this.#windows.clear();
      const window = { startedAtMs: nowMs, told: 0, suppressed: 0 };
      this.#windows.set(kind, window);
      return window;
    }
    const ageMs = nowMs - known.startedAtMs;
    if (ageMs < 0 || ageMs >= WINDOW_MS) {
      known.startedAtMs = nowMs;
      known.told = 0;
    }
    return known;
  }
}
