import { delimiter, dirname } from "node:path";

import type { Image } from "../../images/image-store.ts";
import { EngineError } from "../engine-error.ts";
import type { LaunchSpec } from "../sandbox/sandbox.ts";
import type { CreateBody } from "./create-body.ts";

const DEFAULT_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What {@link toLaunchSpec} needs besides image and create body. */
export interface LaunchFacts {
  /** The host name inside. */
  readonly hostname: string;
  /** Receives the container's writes. */
  readonly writableDir: string;
  /** Memory and CPU of the instance. */
  readonly limits: LaunchSpec["limits"];
}

/**
 * Merges an image's configuration with a create body as Docker does: `Cmd` replaces the image's
 * command and keeps its entrypoint, `Entrypoint` replaces both, `Env` is added to.
 *
 * @throws {EngineError} BAD_REQUEST when neither names a command
 */
export function toLaunchSpec(
  image: Image,
  body: CreateBody,
  facts: LaunchFacts,
): LaunchSpec {
  const { config } = image;
  const inheritedCmd = body.entrypoint === undefined ? config.cmd : [];
  const argv = [
    ...(body.entrypoint ?? config.entrypoint),
    ...(body.cmd ?? inheritedCmd),
  ];
  if (argv.length === 0) {
    throw new EngineError(
      "BAD_REQUEST",
      `Cannot run image ${body.image}: no command specified; add CMD or ENTRYPOINT to its ` +
        "Dockerfile or give start() an entrypoint",
    );
  }
  const user = body.user ?? config.user;
  return {
    argv,
    env: mergeEnv(
      image,
      { ...config.env, ...body.env },
      { user, hostname: facts.hostname },
    ),
    cwd:
      body.workingDir ?? (config.workingDir === "" ? "/" : config.workingDir),
    hostname: facts.hostname,
    rootfs: {
      base: image.base,
      layers: image.layers,
      writableDir: facts.writableDir,
    },
    limits: facts.limits,
    labels: body.labels,
    ...(user !== undefined && { user }),
  };
}

function mergeEnv(
  image: Image,
  env: Readonly<Record<string, string>>,
  defaults: { readonly user: string | undefined; readonly hostname: string },
): Readonly<Record<string, string>> {
  const isRoot = /^(root|0)?(:|$)/.test(defaults.user ?? "");
  return {
    HOSTNAME: defaults.hostname,
    HOME: isRoot ? "/root" : "/",
    ...env,
    PATH: withNode(env["PATH"] ?? DEFAULT_PATH, image.base),
  };
}

/** `node` must be found in images that stand on the host's files, wherever it is installed. */
function withNode(path: string, base: Image["base"]): string {
  const nodeDir = dirname(process.execPath);
  if (base === "none" || path.split(delimiter).includes(nodeDir)) return path;
  return `${path}${delimiter}${nodeDir}`;
}
