import type { ImageConfig, ImageOrigin } from "./image.ts";
import type { Layer } from "./layer-store.ts";
import type { Platform } from "./oci/descriptor.ts";
import { RootTree, type TreeLayer } from "./layer/root-tree.ts";

/** A stage of a build, after some of its instructions. */
export interface StageState {
  readonly base: "host" | "none";
  /** What the files are for. */
  readonly platform: Platform;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  /** The instruction that made each layer, where it is known; else "". */
  readonly history: readonly string[];
  /** What its lowest layers were imported as. */
  readonly origin?: ImageOrigin;
  /** Stands for all that made the files: the cache's key of the last layer. */
  readonly key: string;
  readonly config: ImageConfig;
  /** Values of ARG that are declared in this stage. */
  readonly args: Readonly<Record<string, string>>;
  /** Whether this stage had a CMD; an ENTRYPOINT drops one that was only inherited. */
  readonly hasOwnCmd: boolean;
}

/** @returns what `$NAME` stands for; ENV wins over ARG */
export function variablesOf(state: StageState): Readonly<Record<string, string>> {
  return { ...state.args, ...state.config.env };
}

/** @returns what the shell form runs in */
export function shellOf({ config }: StageState): readonly string[] {
  return config.shell ?? ["/bin/sh", "-c"];
}

/** @returns the files of a stage, and of a layer that is being filled */
export function treeOf(state: StageState, draft?: TreeLayer): RootTree {
  const layers = draft === undefined ? state.layers : [...state.layers, draft];
  return new RootTree(layers, state.base);
}

/** @returns the state with some of its config replaced */
export function withConfig(state: StageState, change: Partial<ImageConfig>): StageState {
  return { ...state, config: { ...state.config, ...change } };
}
