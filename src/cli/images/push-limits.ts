import type { ImageLimits } from "../../images/guard/image-facts.ts";
import { ACCOUNT_IMAGES_MB } from "../../core/image/instance-limits.ts";
import { CliError } from "../cli-error.ts";
import { fieldOf, listOf, textOf } from "../deploy/parse-wrangler-json.ts";
import { instanceSize } from "../instance-type.ts";
import { loadConfigCommands } from "../lazy/load.ts";
import type { PushCheckOptions } from "./image-options.ts";

const MB = 1000 * 1000;
/** What wrangler takes for a container that names no type. */
const DEFAULT_TYPE = "lite";

/**
 * Finds what an image has to fit in: the instance type that was given, or the configuration's; of
 * several containers that of the largest disk, since nothing says whose the image is.
 *
 * @throws {CliError} BAD_OPTION for a type that is not known
 * @throws {ImageError} CONFIG_NOT_EDITABLE for a configuration that can't be read
 */
export async function findPushLimits(
  options: Omit<PushCheckOptions, "configPath" | "isForced" | "isWritten">,
  configPath: string | undefined,
): Promise<ImageLimits> {
  const accountBytes = options.accountLimitBytes ?? ACCOUNT_IMAGES_MB * MB;
  const disk = await findDisk(options, configPath);
  return { ...disk, diskBytes: options.diskBytes ?? disk.diskBytes, accountBytes };
}

type Disk = Pick<ImageLimits, "diskBytes" | "instanceType">;

async function findDisk(
  options: Pick<PushCheckOptions, "className" | "instanceType">,
  configPath: string | undefined,
): Promise<Disk> {
  if (options.instanceType !== undefined) return namedType(options.instanceType);
  const types =
    configPath === undefined ? [] : await configuredTypes(configPath, options.className);
  const largest = types.toSorted((a, b) => b.diskBytes - a.diskBytes)[0];
  return largest ?? namedType(DEFAULT_TYPE);
}

function namedType(instanceType: string): Disk {
  const diskBytes = instanceSize(instanceType)?.diskBytes;
  if (diskBytes !== undefined) return { instanceType, diskBytes };
  throw new CliError(
    "BAD_OPTION",
    `Cannot use --instance-type ${instanceType}; give lite, basic or standard-1 to standard-4`,
  );
}

async function configuredTypes(
  path: string,
  className: string | undefined,
): Promise<readonly Disk[]> {
  const { readConfigFile, valueAt } = await loadConfigCommands();
  const { value } = await readConfigFile(path);
  const containers = listOf(valueAt(value, ["containers"]));
  return containers
    .filter((each) => className === undefined || textOf(each, "class_name") === className)
    .flatMap((container) => {
      const type = fieldOf(container, "instance_type") ?? DEFAULT_TYPE;
      const diskBytes = instanceSize(type)?.diskBytes;
      if (diskBytes === undefined) return []; // newer than our table: wrangler knows
      return [{ instanceType: typeof type === "string" ? type : "instance_type", diskBytes }];
    });
}
