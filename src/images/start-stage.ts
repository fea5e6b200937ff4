import { existsSync, readFileSync } from "node:fs";

import type { BuildJob } from "./build-job.ts";
import { emptyConfig } from "./image-record.ts";
import { normalizeReference } from "./image-reference.ts";
import type { Image } from "./image-store.ts";
import type { Layer } from "./layer-store.ts";
import { toLayerKey } from "./layer/layer-writer.ts";
import type { PlannedStage } from "./plan-stages.ts";
import type { StageState } from "./stage-state.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const shell = ["/bin/sh", "-c"];

/** Begins a stage: on an earlier one, on an image of the store, on nothing, or on the host. */
export async function startStage(stage: PlannedStage, job: BuildJob): Promise<StageState> {
  const earlier = job.stages.get(stage.from.toLowerCase());
  if (earlier !== undefined) return { ...earlier, args: {}, shell, hasOwnCmd: false };
  const fresh = { layers: [], args: {}, shell, hasOwnCmd: false };
  const config = { ...emptyConfig, env: { PATH: DEFAULT_PATH } };
  if (stage.from === "scratch")
    return { ...fresh, base: "none", key: toLayerKey(["none", ownerKind()]), config };
  const image = await job.store.get(stage.from);
  if (image !== undefined) return startOnImage(image, job);
  job.log(`FROM ${stage.from}`);
  job.note(
    "no image is pulled: the file system under FROM is this host's programs and libraries, " +
      "read-only, with a private /etc, /tmp, /var and /home",
  );
  const isNode = /(^|\/)node:/.test(normalizeReference(stage.from));
  const cmd = isNode ? { cmd: ["node"] } : {};
  return {
    ...fresh,
    base: "host",
    key: toLayerKey(["host", ownerKind(), ...hostFacts()]),
    config: { ...config, ...cmd },
  };
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

async function startOnImage(image: Image, job: BuildJob): Promise<StageState> {
  const names = image.layers.map((directory) => job.store.layers.nameOf(directory));
  const found = await Promise.all(names.map((name) => job.store.layers.get(name)));
  const layers = found.filter((layer): layer is Layer => layer !== undefined);
  const { base, config } = image;
  return {
    base,
    config,
    layers,
    key: toLayerKey([base, names]),
    args: {},
    shell,
    hasOwnCmd: false,
  };
}
