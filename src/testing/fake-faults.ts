/** What goes wrong with a fake container on command, beyond what it does by itself. */
export class FakeFaults {
  /** When each run exits by itself, and how; undefined for never. */
  exitAfterStart: { readonly afterMs: number; readonly exitCode: number } | undefined;
  #refusals: string[] = [];
  #deadStarts = 0;
  #failingDestroys = 0;
  #hangingDestroys = 0;
  #blipUntilMs = 0;
  #monitor: "well" | "fails" | "hangs" = "well";
  #cuts: ("before" | "after")[] = [];

  /** The platform refuses the next starts with a text of its own, told by `monitor()`. */
  refuseStarts(text: string, times = 1): void {
    for (let refusal = 0; refusal < times; refusal += 1) this.#refusals.push(text);
  }

  /** At the next starts `running` is true and nothing ever runs (workerd issue 5996). */
  deadStarts(times: number): void {
    this.#deadStarts = times;
  }

  /** The next calls of `destroy()` reject, and end nothing. */
  failDestroys(times: number): void {
    this.#failingDestroys = times;
  }

  /** The next calls of `destroy()` never settle, and end nothing. */
  hangDestroys(times: number): void {
    this.#hangingDestroys = times;
  }

  /** From now on `monitor()` rejects with an internal error, or never settles; the app lives. */
  breakMonitor(how: "fails" | "hangs" | "well"): void {
    this.#monitor = how;
  }

  /** `running` is false until then although the container runs. */
  blipUntil(atMs: number): void {
    this.#blipUntilMs = atMs;
  }

  /** The connection of the next request breaks, before the app gets it or after it answered. */
  cutRequest(when: "before" | "after"): void {
    this.#cuts.push(when);
  }

  /** Whether `running` is false although it should not be. */
  isBlipping(nowMs: number): boolean {
    return nowMs < this.#blipUntilMs;
  }

  /** Whether this start comes to nothing. */
  takesDeadStart(): boolean {
    if (this.#deadStarts === 0) return false;
    this.#deadStarts -= 1;
    return true;
  }

  /** What this start is refused with. */
  takeRefusal(): Error | undefined {
    const text = this.#refusals.shift();
    return text === undefined ? undefined : new Error(text);
  }

  /** When the connection of this request breaks. */
  takeCut(): "before" | "after" | undefined {
    return this.#cuts.shift();
  }

  async destroy(): Promise<void> {
    if (this.#failingDestroys > 0) {
      this.#failingDestroys -= 1;
      throw new Error("internal error; reference = destroy");
    }
    if (this.#hangingDestroys === 0) return;
    this.#hangingDestroys -= 1;
    await new Promise(() => {});
  }

  async monitor(): Promise<void> {
    if (this.#monitor === "fails") throw new Error("internal error; reference = monitor");
    if (this.#monitor === "hangs") await new Promise(() => {});
  }
}
