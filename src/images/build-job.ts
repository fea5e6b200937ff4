import type { BuildContext } from "./copy/build-context.ts";
import type { FileDigests } from "./copy/file-digests.ts";
import type { BuildStore } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";
import type { ImageResolver } from "./resolve-image.ts";
import type { RunNetwork, RunStep } from "./run-step.ts";
import type { StageState } from "./stage-state.ts";

/** What every step of one build stands on. */
export interface BuildJob {
  readonly store: BuildStore;
  readonly context: BuildContext;
  /** Hashes of files, those that did not change since an earlier build without reading them. */
  readonly digests: FileDigests;
  /** The Dockerfile's escape character. */
  readonly escape: string;
  /** What the image is to run on. */
  readonly platform: Platform;
  /** Values given from outside for ARG. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** ARG before the first FROM. */
  readonly globalArgs: Readonly<Record<string, string>>;
  /** Finds images that FROM and --from name. */
  readonly resolveImage: ImageResolver;
  /** Names of FROM and --from that stand for something else: a directory or an image. */
  readonly buildContexts: Readonly<Record<string, string>>;
  /** What FROM stands on when there is no image of its name; undefined refuses it. */
  readonly fallbackBase: "host" | undefined;
  /** Files that RUN --mount=type=secret shows, by id. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly run: RunStep;
  readonly runNetwork: RunNetwork;
  /** Says one line of progress. */
  readonly log: (line: string) => void;
  /** Says something once a build. */
  readonly note: (text: string) => void;
  /** Stages that are done, by lower-case name and by number. */
  readonly stages: ReadonlyMap<string, StageState>;
}
