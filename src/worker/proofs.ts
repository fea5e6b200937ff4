/** What is known to answer in the present run, and since when what was asked has not. */
export class Proofs {
  #run = 0;
  #gates = new Set<number>();
  #silentSinceMs: number | undefined;

  /** Whether a gate answered in a run. */
  has(run: number, gate: number): boolean {
    return this.#run === run && this.#gates.has(gate);
  }

  /** Notes that a gate answered in a run. */
  add(run: number, gate: number): void {
    this.#follow(run);
    this.#gates.add(gate);
  }

  /** Takes back that a gate answers. */
  remove(gate: number): void {
    this.#gates.delete(gate);
  }

  /** Notes that the app was asked and gave no answer yet. Returns since when that is so. */
  silentSinceMs(run: number, nowMs: number): number {
    this.#follow(run);
    this.#silentSinceMs ??= nowMs;
    return this.#silentSinceMs;
  }

  /** Notes that the app gave a sign of life. */
  endSilence(): void {
    this.#silentSinceMs = undefined;
  }

  #follow(run: number): void {
    if (this.#run === run) return;
    this.#run = run;
    this.#gates = new Set();
    this.#silentSinceMs = undefined;
  }
}
