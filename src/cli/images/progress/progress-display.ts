import type { OnProgress } from "../../../images/registry/transfer-progress.ts";

/** Shows what goes on while a command works. Never writes to stdout: that is for results. */
export interface ProgressDisplay {
  /** Says one line. */
  readonly log: (line: string) => void;
  /**
   * Begins to follow transfers of one kind.
   *
   * @param verb what is done, as "push"
   */
  readonly follow: (verb: string) => OnProgress;
  /** Ends it, so that results can be printed; later news is not shown. */
  readonly close: () => void;
}
