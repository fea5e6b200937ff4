import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";

import type { BuildJob } from "../build-job.ts";
import type { AddLayerOptions, Layer } from "../layer-store.ts";
import { toLayerKey } from "../layer/layer-writer.ts";
import { toDiskFull } from "../oci/to-disk-full.ts";
import type { StageState } from "../stage-state.ts";

/** One step that makes files. */
export interface LayerStep {
  /** How the log and the image's history name it. */
  readonly title: string;
  /** All that the files depend on, besides those below. */
  readonly key: readonly unknown[];
  /** Fills an empty directory; tells what they are besides. */
  readonly fill: (draftDir: string) => Promise<LayerMarks>;
}

/** What a layer is besides its files. */
export type LayerMarks = Omit<AddLayerOptions, "kind">;

/** Puts a layer on a stage: from the cache when the same step made it before. */
export async function addLayer(
  state: StageState,
  step: LayerStep,
  job: BuildJob,
): Promise<StageState> {
  const key = toLayerKey([...job.cacheSalt, state.key, ...step.key]);
  const cached = await job.store.layers.get(key);
  job.log(cached === undefined ? step.title : `${step.title} (cached)`);
  const layer = cached ?? (await makeLayer(key, step, job));
  const history = [...state.history, step.title];
  return { ...state, key, history, layers: [...state.layers, layer] };
}

async function makeLayer(key: string, step: LayerStep, job: BuildJob): Promise<Layer> {
  const draftDir = await job.store.layers.createDraft();
  try {
    const marks = await step.fill(draftDir);
    return await job.store.layers.add(key, draftDir, { kind: "cache", ...marks });
  } catch (error) {
    throw toDiskFull(error, dirname(draftDir));
  } finally {
    // It was moved away unless the step failed.
    if (existsSync(draftDir)) await rm(draftDir, { recursive: true, force: true });
  }
}
