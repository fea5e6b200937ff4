import type { MultiBar, SingleBar } from "cli-progress";

import type { OnProgress, TransferProgress } from "../../../images/registry/transfer-progress.ts";
import { formatBytes } from "../../../images/format-bytes.ts";
import { shortDigest } from "../short-digest.ts";
import { describeTransfer } from "./line-display.ts";
import type { ProgressDisplay } from "./progress-display.ts";

/** Fits, with the words beside it, into the 80 columns of the narrowest terminal in use. */
const BAR_COLUMNS = 24;

/** Shows progress by bars, one a blob, with the log above them. */
export class BarDisplay implements ProgressDisplay {
  readonly #stream: NodeJS.WritableStream;
  readonly #bars: MultiBar;
  #barCount = 0;
  #isOpen = true;

  /** @param bars what draws them; a library that only a terminal loads */
  constructor(stream: NodeJS.WritableStream, bars: typeof MultiBar) {
    this.#stream = stream;
    this.#bars = new bars({
      stream,
      format: "{verb} {name} [{bar}] {words}",
      barsize: BAR_COLUMNS,
      barCompleteChar: "=",
      barIncompleteChar: " ",
      hideCursor: true,
      // Signals are the command's: it ends its transfers first, and then closes this.
      gracefulExit: false,
    });
  }

  log = (line: string): void => {
    if (!this.#isOpen) return;
    // Before the first bar there is nothing to write above of, and nothing that redraws.
    if (this.#barCount === 0) this.#stream.write(`${line}\n`);
    else this.#bars.log(`${line}\n`);
  };

  follow = (verb: string): OnProgress => {
    const known = new Map<string, SingleBar>();
    return (progress) => {
      if (!this.#isOpen || (progress.state === "waiting" && !known.has(progress.digest))) return;
      const bar = known.get(progress.digest) ?? this.#addBar(verb, progress);
      known.set(progress.digest, bar);
      const totalBytes = totalOf(progress);
      bar.setTotal(totalBytes);
      bar.update(isThere(progress) ? totalBytes : progress.doneBytes, toPayload(verb, progress));
    };
  };

  close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#barCount === 0) return;
    this.#bars.update(); // writes what was logged since the last redraw, which stop() would drop
    this.#bars.stop();
  };

  #addBar(verb: string, progress: TransferProgress): SingleBar {
    this.#barCount += 1;
    return this.#bars.create(totalOf(progress), 0, toPayload(verb, progress));
  }
}

/** A bar of nothing is shown full by its library, and would be so from the beginning. */
function totalOf({ totalBytes }: TransferProgress): number {
  return Math.max(1, totalBytes);
}

function isThere({ state }: TransferProgress): boolean {
  return state === "done" || state === "present" || state === "mounted";
}

function toPayload(verb: string, progress: TransferProgress): Readonly<Record<string, string>> {
  const { state, doneBytes, totalBytes, digest } = progress;
  const words =
    state === "moving"
      ? `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`
      : describeTransfer(progress);
  return { verb, name: shortDigest(digest), words };
}
