import type { Platform } from "../ports/platform.ts";
import type { Host } from "./host.ts";

/** What the supervisor shares with the other parts of an object. */
export interface SupervisorParts {
  readonly platform: Platform;
  readonly host: Host;
  /** When a task of the schedule is due next, in milliseconds since the epoch. */
  readonly tasks: { nextDueAtMs(): number | undefined };
  /** Closes what is open, when a drain begins. */
  readonly closeSockets: (code: number) => void;
  /** Told when the first lease is opened and when the last one is closed. */
  readonly onBusy: () => void;
  readonly onIdle: () => void;
  /** Told when belief and runtime agree, before anything is decided. */
  readonly onReconciled: () => void;
  /** Whether a deploy has made the run old. */
  readonly isOutdated: () => boolean;
}
