import { CliError } from "../cli-error.ts";
import { loadConfigCommands } from "../lazy/load.ts";
import type { PushCheckOptions } from "./image-options.ts";
import type { ConfigOffer } from "./image-scope.ts";

/**
 * Refuses `--write` before anything is pushed when there is nothing to write to.
 *
 * @throws {CliError} BAD_OPTION
 */
export function requireConfig(
  { isWritten }: Pick<PushCheckOptions, "isWritten">,
  configPath: string | undefined,
): void {
  if (!isWritten || configPath !== undefined) return;
  throw new CliError(
    "BAD_OPTION",
    "Cannot use --write: there is no wrangler.jsonc, .json or .toml here; give --config",
  );
}

/**
 * Writes a pushed image's URI into the configuration, or says what to paste.
 *
 * @param place `configPath`: the configuration; `isCloudflare`: whose registry has the image
 * @throws {ImageError} CONFIG_NOT_EDITABLE
 */
export async function offerUri(
  uri: string,
  { isWritten, className }: Pick<PushCheckOptions, "className" | "isWritten">,
  place: { readonly configPath: string | undefined; readonly isCloudflare: boolean },
): Promise<ConfigOffer> {
  const { configPath, isCloudflare } = place;
  if (configPath === undefined && !isCloudflare) return { kind: "none" };
  const { configLines, writeImageToConfig } = await loadConfigCommands();
  const named = className === undefined ? {} : { className };
  if (isWritten && configPath !== undefined) {
    await writeImageToConfig(configPath, named, uri);
    return { kind: "written", path: configPath };
  }
  const format = configPath?.endsWith(".toml") === true ? "toml" : "jsonc";
  const own = configPath === undefined ? undefined : await onlyClass(configPath);
  const lines = configLines(format, {
    uri,
    ...(own !== undefined && { className: own }),
    ...named,
  });
  return { kind: "to-paste", lines: lines.split("\n") };
}

/** @returns the class of a configuration's containers, when there is just one */
async function onlyClass(configPath: string): Promise<string | undefined> {
  const { readConfigFile, imageSlots } = await loadConfigCommands();
  const { value } = await readConfigFile(configPath);
  const [first, ...others] = new Set(imageSlots(value).map(({ className }) => className));
  return others.length === 0 ? first : undefined;
}
