import type { ContainerErrorCode } from "../../errors/codes.ts";
import type { StopRecord } from "./phase.ts";

/**
 * What the shell is told to do. It decides nothing itself. A command concerns the current run,
 * unless it carries the record of one that ended.
 */
export type Command =
  /** Call `start()` on the runtime. */
  | { readonly kind: "start" }
  /** Keep the container's files, and report `saved` whatever comes of it. */
  | { readonly kind: "save" }
  /** Send a signal to the container. */
  | { readonly kind: "signal"; readonly signal: number }
  /** End the container at once. */
  | { readonly kind: "destroy" }
  /** Close the sockets with a code that tells the clients whether to come back. */
  | { readonly kind: "close-sockets"; readonly code: 1001 | 1012 }
  /** Find out how the run ended, or will end, and report it as `exited`. */
  | { readonly kind: "watch-exit" }
  /** Push the floor under the container's life past the next idle deadline. */
  | { readonly kind: "extend-life" }
  | { readonly kind: "call-on-start" }
  | { readonly kind: "call-on-stop"; readonly record: StopRecord }
  | { readonly kind: "call-activity-expired" }
  /** Tell the user what was done of our own accord. */
  | { readonly kind: "report"; readonly code: ContainerErrorCode; readonly text: string };
