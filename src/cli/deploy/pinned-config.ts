import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { isProcessAlive } from "../../images/is-process-alive.ts";
import {
  editConfig,
  notEditable,
  readConfigFile,
  replaceConfig,
  type ConfigEdit,
  type ConfigFile,
} from "./config-file.ts";
import { imageSlots, slotValue, type ImageSlot } from "./image-slots.ts";

/** An image of the configuration, and the reference to deploy instead of its Dockerfile. */
export interface PinnedImage {
  readonly index: number;
  readonly imageName: string | undefined;
  readonly uri: string;
}

/** A configuration that stands in for the project's while wrangler deploys. */
export interface PinnedConfig extends AsyncDisposable {
  readonly path: string;
}

/** Which configuration to pin. */
export interface PinOptions {
  readonly configPath: string;
  readonly envName: string | undefined;
  readonly images: readonly PinnedImage[];
}

const FILE_NAME = /^\.berth-deploy-(\d+)-[0-9a-f]+\.(jsonc|toml)$/;

/**
 * Writes a configuration beside the project's own, where relative paths mean the same, whose images
 * are pinned. Disposing of it takes it away; what wrangler wrote to it meanwhile, as the ids of
 * what it made, goes to the project's own.
 *
 * @throws {ImageError} CONFIG_NOT_EDITABLE
 */
export async function writePinnedConfig(options: PinOptions): Promise<PinnedConfig> {
  const { configPath } = options;
  const file = await readConfigFile(configPath);
  const pins = findPins(file, options);
  const text = await editConfig(
    file,
    pins.map(({ slot, uri }) => ({ path: slot.path, value: slotValue(slot, uri) })),
  );
  const directory = dirname(configPath);
  await removeAbandoned(directory);
  const name = `.berth-deploy-${process.pid}-${randomBytes(4).toString("hex")}.${file.format}`;
  const path = join(directory, name);
  await writeFile(path, text, { flag: "wx" });
  const undo = pins.map(({ slot }) => ({ path: slot.path, value: slot.value }));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      try {
        await keepChanges({ path, text }, file, undo);
      } finally {
        await rm(path, { force: true });
      }
    },
  };
}

interface Pin {
  readonly slot: ImageSlot;
  readonly uri: string;
}

function findPins(file: ConfigFile, { envName, images }: PinOptions): readonly Pin[] {
  const slots = imageSlots(file.value);
  // wrangler takes the top level when the configuration does not know the environment.
  const isKnown = slots.some((slot) => slot.envName === envName);
  const slotsOfEnv = slots.filter((slot) => slot.envName === (isKnown ? envName : undefined));
  return images.map(({ index, imageName, uri }) => {
    const slot = slotsOfEnv.find((one) => one.index === index && one.imageName === imageName);
    if (slot !== undefined) return { slot, uri };
    throw notEditable(file.path, `it has no image at containers[${index}]`);
  });
}

async function keepChanges(
  pinned: { readonly path: string; readonly text: string },
  original: ConfigFile,
  undo: readonly ConfigEdit[],
): Promise<void> {
  const after = await readFile(pinned.path, "utf8").catch(() => pinned.text);
  if (after === pinned.text) return;
  const changed = await readConfigFile(pinned.path);
  const text = await editConfig(changed, undo);
  if ((await readFile(original.path, "utf8")) !== original.text) {
    throw notEditable(
      original.path,
      `it changed meanwhile, and wrangler wrote to it too:\n${text}`,
    );
  }
  await replaceConfig(original.path, text);
}

/** What a killed deployment left. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = FILE_NAME.exec(name)?.[1];
    if (pid === undefined || isProcessAlive(Number(pid))) continue;
    await rm(join(directory, name), { force: true });
  }
}
