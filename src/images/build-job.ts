import type { BuildContext } from "./copy/build-context.ts";
import type { BuildStore } from "./image-store.ts";
import type { RunStep } from "./run-step.ts";
import type { StageState } from "./stage-state.ts";

/** What every step of one build stands on. */
export interface BuildJob {
  readonly store: BuildStore;
  readonly context: BuildContext;
  /** The Dockerfile's escape character. */
  readonly escape: string;
  /** Values given from outside for ARG. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** ARG before the first FROM. */
  readonly globalArgs: Readonly<Record<string, string>>;
  readonly run: RunStep;
  readonly runNetwork: "none" | "internet";
  /** Says one line of progress. */
  readonly log: (line: string) => void;
  /** Says something once a build. */
  readonly note: (text: string) => void;
  /** Stages that are done, by lower-case name and by number. */
  readonly stages: ReadonlyMap<string, StageState>;
}
