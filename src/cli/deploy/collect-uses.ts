import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";

import { forEachAtOnce } from "../../images/for-each-at-once.ts";
import type { ImageUse } from "../../images/guard/find-users.ts";
import type { KnownUses } from "../../images/guard/refuse-used.ts";
import { hasRegistryHost } from "../../images/registry/reference.ts";
import type { AskWrangler } from "./ask-wrangler.ts";
import { readConfigFile, valueAt } from "./config-file.ts";
import { imageSlots, type ImageSlot } from "./image-slots.ts";
import { readKeepFile } from "./keep-file.ts";
import { fieldOf, listOf, parseWranglerJson, textOf } from "./parse-wrangler-json.ts";
import { collectVersionUses } from "./version-uses.ts";

/** Where {@link collectUses} looks. */
export interface UseSources {
  readonly ask: AskWrangler;
  /** The configurations whose images are kept. */
  readonly configPaths: readonly string[];
  /** Writes a name with registry and account. */
  readonly qualify: (name: string) => Promise<string>;
  /** With it, what wrangler cannot say is taken from it. */
  readonly keepFile: string | undefined;
  /** "skip": only the configurations and the keep file count (default: "ask"). */
  readonly deployed?: "ask" | "skip";
}

/** wrangler prints the first page of an account's containers and no more. */
const PAGE_LENGTH = 25;
const NO_CONFIG =
  "no wrangler configuration is here, which names the Worker whose versions may need it: give --config";
/** wrangler is large: two of them at once are enough for a small machine. */
const AT_ONCE = 2;

/**
 * Collects what uses images: configurations, what is deployed, the versions that a rollback
 * reaches, and a file of images to keep.
 *
 * @throws {CliError} BAD_OPTION for a bad keep file
 * @throws {ImageError} CONFIG_NOT_EDITABLE for a configuration that can't be read
 */
export async function collectUses(sources: UseSources): Promise<KnownUses> {
  const { keepFile } = sources;
  const kept = keepFile === undefined ? [] : await readKeepFile(keepFile);
  const uses: ImageUse[] = [...kept];
  const unknown: string[] = [];
  const collect = async (what: string, work: () => Promise<readonly ImageUse[]>): Promise<void> => {
    try {
      uses.push(...(await work()));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      unknown.push(`wrangler does not say ${what}: ${why}`);
    }
  };
  const isAsked = sources.deployed !== "skip";
  for (const path of sources.configPaths) {
    const { value } = await readConfigFile(path);
    const slots = imageSlots(value);
    await collect(`whose the images of ${path} are`, () => configUses(path, slots, sources));
    for (const envName of isAsked ? envsOf(value) : []) {
      const where = envName === undefined ? path : `${path}, env ${envName}`;
      await collect(`which versions of ${where} there are`, () =>
        collectVersionUses({ ask: sources.ask, path, envName }),
      );
    }
  }
  if (isAsked && sources.configPaths.length === 0) unknown.push(NO_CONFIG);
  if (isAsked) await collect("which containers are deployed", () => deployedUses(sources));
  return { uses, unknown: keepFile === undefined ? unknown : [] };
}

/** Every environment, and the top level when it is a Worker of its own. */
function envsOf(config: unknown): readonly (string | undefined)[] {
  const envs = fieldOf(config, "env");
  const names = typeof envs === "object" && envs !== null ? Object.keys(envs) : [];
  const isNameless = names.length > 0 && textOf(config, "name") === undefined;
  return isNameless ? names : [undefined, ...names];
}

async function configUses(
  path: string,
  slots: readonly ImageSlot[],
  { qualify }: UseSources,
): Promise<readonly ImageUse[]> {
  const uses: ImageUse[] = [];
  for (const slot of slots) {
    const image = slot.imageName === undefined ? slot.value : valueAt(slot.value, ["image"]);
    if (typeof image !== "string" || existsSync(resolve(dirname(path), image))) continue;
    const reference = hasRegistryHost(image) ? image : await qualify(image);
    const env = slot.envName === undefined ? "" : `, env ${slot.envName}`;
    uses.push({
      by: `${basename(path)}${env}, container ${slot.className ?? slot.containerName ?? ""}`,
      breaks: "the next deployment fails",
      wants: { kind: "reference", reference },
    });
  }
  return uses;
}

async function deployedUses({ ask, qualify }: UseSources): Promise<readonly ImageUse[]> {
  const applications = listOf(parseWranglerJson(await ask(["containers", "list", "--json"])));
  const uses: ImageUse[] = [];
  await forEachAtOnce(applications, AT_ONCE, async (application) => {
    const id = textOf(application, "id");
    const info =
      id === undefined
        ? undefined
        : parseWranglerJson(await ask(["containers", "info", id, "--json"]));
    const name = textOf(application, "name") ?? id ?? "without a name";
    for (const image of deployedImages(application, info)) {
      const reference = hasRegistryHost(image) ? image : await qualify(image);
      uses.push({
        by: `the deployed container ${name}`,
        breaks: "its next instance cannot start",
        wants: { kind: "reference", reference },
      });
    }
  });
  if (applications.length < PAGE_LENGTH) return uses;
  throw new Error(`it lists the first ${PAGE_LENGTH} containers of the account and no more`);
}

/** What runs, and what a rollout that is under way brings. */
function deployedImages(application: unknown, info: unknown): ReadonlySet<string> {
  const images = [
    fieldOf(application, "image"),
    valueAt(info, ["configuration", "image"]),
    valueAt(info, ["scheduling_hint", "target", "configuration", "image"]),
    valueAt(info, ["scheduling_hint", "current", "configuration", "image"]),
  ];
  return new Set(
    images.filter((image): image is string => typeof image === "string" && image !== ""),
  );
}
