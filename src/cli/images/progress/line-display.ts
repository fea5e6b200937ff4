import type { TransferProgress } from "../../../images/registry/transfer-progress.ts";
import { formatBytes } from "../../../images/format-bytes.ts";
import { shortDigest } from "../short-digest.ts";
import type { ProgressDisplay } from "./progress-display.ts";

/** What {@link createLineDisplay} needs. */
export interface LineDisplayOptions {
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

/** A log of CI is read later: a line now and then shows that a large blob still moves. */
const LINE_EVERY_MS = 10_000;

interface Followed {
  state: TransferProgress["state"];
  shownAtMs: number;
}

/** Shows progress by plain lines: one when a blob begins, one when it is there. */
export function createLineDisplay({ write, nowMs }: LineDisplayOptions): ProgressDisplay {
  let isOpen = true;
  const log = (line: string): void => {
    if (isOpen) write(line);
  };
  return {
    log,
    follow: (verb) => {
      const followed = new Map<string, Followed>();
      return (progress) => {
        const before = followed.get(progress.digest);
        const isNews = before?.state !== progress.state;
        const isDue = nowMs() - (before?.shownAtMs ?? 0) >= LINE_EVERY_MS;
        if (!isNews && !(isDue && progress.state === "moving")) return;
        followed.set(progress.digest, { state: progress.state, shownAtMs: nowMs() });
        if (progress.state === "waiting") return;
        log(`${verb} ${shortDigest(progress.digest)}: ${describeTransfer(progress)}`);
      };
    },
    close: () => {
      isOpen = false;
    },
  };
}

/** Says in words what came of a transfer. */
export function describeTransfer({ state, doneBytes, totalBytes }: TransferProgress): string {
  const total = formatBytes(totalBytes);
  switch (state) {
    case "waiting":
      return "waiting";
    case "moving":
      return doneBytes === 0 ? total : `${formatBytes(doneBytes)} of ${total}`;
    case "retrying":
      return `interrupted at ${formatBytes(doneBytes)} of ${total}, trying again`;
    case "present":
      return "already there";
    case "mounted":
      return "taken from another repository there";
    case "done":
      return `done, ${total}`;
  }
}
