import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { valuesOf } from "./dev-options.ts";
import { instanceSize, type InstanceSize } from "./instance-type.ts";
import type { WranglerProgram } from "./find-wrangler.ts";

/** A container of a wrangler configuration. */
export interface ContainerConfig {
  readonly className: string;
  /** The absolute path of its Dockerfile, or a reference. */
  readonly image: string | undefined;
  readonly size: InstanceSize | undefined;
}

// In a process of its own, since wrangler is large and may want another Node than ours.
const reader = `
const [module, ...rest] = process.argv.slice(1);
const { unstable_readConfig: read } = require(module);
const [env, ...configs] = rest.map((text) => text === "" ? undefined : text);
const containers = (configs.length > 0 ? configs : [undefined])
  .flatMap((config) => read({ config, env }, { hideWarnings: true }).containers ?? []);
process.stdout.write("\\n" + JSON.stringify(containers));
`;

/**
 * Asks the project's own wrangler what its configuration says of containers.
 *
 * @returns undefined when wrangler can't read it: it says why itself when it starts
 */
export async function readContainerConfigs(
  wrangler: WranglerProgram,
  args: readonly string[],
  projectDir: string,
): Promise<readonly ContainerConfig[] | undefined> {
  const env = valuesOf(args, ["--env", "-e"]).at(-1) ?? "";
  const configs = valuesOf(args, ["--config", "-c"]);
  try {
    const { stdout } = await promisify(execFile)(
      wrangler.node,
      ["-e", reader, "--", wrangler.module, env, ...configs],
      { cwd: projectDir },
    );
    const value: unknown = JSON.parse(stdout.slice(stdout.lastIndexOf("\n") + 1));
    return Array.isArray(value) ? value.flatMap(toContainerConfig) : undefined;
  } catch {
    return undefined;
  }
}

function toContainerConfig(value: unknown): readonly ContainerConfig[] {
  if (typeof value !== "object" || value === null) return [];
  const className = "class_name" in value ? value.class_name : undefined;
  if (typeof className !== "string") return [];
  const image = "image" in value ? value.image : undefined;
  const size = instanceSize("instance_type" in value ? value.instance_type : undefined);
  return [{ className, size, image: typeof image === "string" ? image : undefined }];
}

/** @returns the container whose image `wrangler dev` builds under a tag */
export function containerOfTag(
  containers: readonly ContainerConfig[],
  tag: string,
): ContainerConfig | undefined {
  const name = /^cloudflare-dev\/([^:/]+)(?::|$)/.exec(tag)?.[1];
  return containers.find(({ className }) => className.toLowerCase() === name);
}
