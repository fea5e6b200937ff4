import { MultiBar, type SingleBar } from "cli-progress";

import type { TransferProgress } from "../../../images/registry/transfer-progress.ts";
import { formatBytes } from "../format-bytes.ts";
import { shortDigest } from "../short-digest.ts";
import { describeTransfer } from "./line-display.ts";
import type { ProgressDisplay } from "./progress-display.ts";

/** Fits, with the words beside it, into the 80 columns of the narrowest terminal in use. */
const BAR_COLUMNS = 24;

/** Shows progress by bars, one a blob, with the log above them. */
export function createBarDisplay(stream: NodeJS.WritableStream): ProgressDisplay {
  const bars = new MultiBar({
    stream,
    format: "{verb} {name} [{bar}] {words}",
    barsize: BAR_COLUMNS,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    hideCursor: true,
    // Signals are the command's: it ends its transfers first, and then closes this.
    gracefulExit: false,
  });
  let isOpen = true;
  let barCount = 0;
  const log = (line: string): void => {
    if (!isOpen) return;
    // Before the first bar there is nothing to write above of, and nothing to redraw.
    if (barCount === 0) stream.write(`${line}\n`);
    else bars.log(`${line}\n`);
  };
  const addBar = (verb: string, progress: TransferProgress): SingleBar => {
    barCount += 1;
    return bars.create(totalOf(progress), 0, toPayload(verb, progress));
  };
  return {
    log,
    follow: (verb) => {
      const known = new Map<string, SingleBar>();
      return (progress) => {
        if (!isOpen || (progress.state === "waiting" && !known.has(progress.digest))) return;
        const bar = known.get(progress.digest) ?? addBar(verb, progress);
        known.set(progress.digest, bar);
        bar.setTotal(totalOf(progress));
        bar.update(isThere(progress) ? totalOf(progress) : progress.doneBytes, {
          ...toPayload(verb, progress),
        });
      };
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      if (barCount === 0) return;
      bars.update(); // writes what was logged since the last redraw, which stop() would drop
      bars.stop();
    },
  };
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
