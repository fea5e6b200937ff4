import { existsSync, readFileSync } from "node:fs";

import type { BuildJob } from "./build-job.ts";
import { formatPlatform } from "./oci/platform.ts";
import { findBase, tryBase } from "./find-base.ts";
import { ImageError } from "./image-error.ts";
import { emptyConfig } from "./image-record.ts";
import { normalizeReference } from "./image-reference.ts";
import type { Image } from "./image-store.ts";
import type { Layer } from "./layer-store.ts";
import { toLayerKey } from "./layer/layer-writer.ts";
import type { PlannedStage } from "./plan-stages.ts";
import type { StageState } from "./stage-state.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Begins a stage: on an earlier one, on an image, on nothing, or on the host. */
export async function startStage(stage: PlannedStage, job: BuildJob): Promise<StageState> {
  const earlier = job.stages.get(stage.from.toLowerCase());
  if (earlier !== undefined) return { ...earlier, args: {}, hasOwnCmd: false };
  const { platform } = stage;
  const config = { ...emptyConfig, env: { PATH: DEFAULT_PATH } };
  const fresh = { platform, config, layers: [], history: [], args: {}, hasOwnCmd: false };
  if (stage.from === "scratch") {
    const key = toLayerKey(["none", ownerKind(), formatPlatform(platform)]);
    return { ...fresh, base: "none", key };
  }
  job.log(`FROM ${stage.from}`);
  const { line, from } = stage;
  const request = { instruction: `FROM ${from}`, line, platform };
  if (job.fallbackBase === undefined) {
    return stateOfImage(await findBase(from, request, job), stage, job);
  }
  const { image, tried } = await tryBase(from, request, job);
  if (image !== undefined) return stateOfImage(image, stage, job);
  job.log(`  not found: ${tried.join("; ")}`);
  job.note(
    "no image is pulled: the file system under FROM is this host's programs and libraries, " +
      "read-only, with a private /etc, /tmp, /var and /home",
  );
  const isNode = /(^|\/)node:/.test(normalizeReference(from));
  const key = toLayerKey(["host", ownerKind(), ...hostFacts()]);
  return { ...fresh, base: "host", key, config: { ...config, ...(isNode && { cmd: ["node"] }) } };
}

/** Without root, files belong to the user who builds: another user's layers are not alike. */
function ownerKind(): number {
  return process.getuid?.() ?? 0;
}

/** What RUN made on one system or Node need not fit another, as compiled modules. */
function hostFacts(): readonly string[] {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return [process.version, release];
}

/** Begins a stage on an image. */
export async function stateOfImage(
  image: Image,
  { platform }: Pick<PlannedStage, "platform">,
  job: BuildJob,
): Promise<StageState> {
  const names = image.layers.map((directory) => job.store.layers.nameOf(directory));
  const layers: Layer[] = [];
  for (const name of names) {
    const layer = await job.store.layers.get(name);
    if (layer !== undefined) layers.push(layer);
  }
  if (layers.length < names.length) {
    const text = `Cannot build on image ${image.id}: layers of it are missing; delete and get it again`;
    throw new ImageError("NO_SUCH_IMAGE", text);
  }
  const { base, config, history = names.map(() => ""), origin } = image;
  const key = toLayerKey([base, names]);
  return {
    ...{ base, platform, config, layers, history, key, args: {}, hasOwnCmd: false },
    ...(origin !== undefined && { origin }),
  };
}
