import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { Platform } from "../ports/platform.ts";
import type { FailStart } from "./directory/directory-unpacker.ts";
import type { Host } from "./host.ts";

/** What the supervisor shares with the other parts of an object. */
export interface SupervisorParts {
  readonly platform: Platform;
  readonly host: Host;
  /** When a task of the schedule is due next, in milliseconds since the epoch. */
  readonly tasks: { nextDueAtMs(): number | undefined };
  /** Closes what is open, when a drain begins. */
  readonly closeSockets: (code: number) => void;
  /** Told of each run's end, and told again when `onStop` is. */
  readonly onEnded: (record: StopRecord) => void;
  /** Told when the first lease is opened and when the last one is closed. */
  readonly onBusy: () => void;
  readonly onIdle: () => void;
  /** Told when belief and runtime agree, before anything is decided. */
  readonly onReconciled: () => void;
  /** Gives a run that has begun the files that were kept, if there are. Never throws. */
  readonly unpack: (run: number, fail: FailStart) => Promise<void>;
  /** Keeps the files of a run that is about to end, and tells of it. Never throws. */
  readonly save: (run: number) => Promise<void>;
  /** Whether a deploy has made the run old. */
  readonly isOutdated: () => boolean;
}
