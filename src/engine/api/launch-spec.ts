import { realpathSync } from "node:fs";
import { dirname } from "node:path";

import type { Image } from "../../images/image-store.ts";
import { EngineError } from "../engine-error.ts";
import type { DirectoryMount, LaunchSpec } from "../sandbox/sandbox.ts";
import type { CreateBody } from "./create-body.ts";

const NODE_DIR = dirname(realpathSync(process.execPath));
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What {@link toLaunchSpec} needs besides image and create body. */
export interface LaunchFacts {
  /** The host name inside. */
  readonly hostname: string;
  /** The user's home directory, where the image's own files tell. */
  readonly home?: string;
  /** Receives the container's writes. */
  readonly writableDir: string;
  /** The directories of its volumes. */
  readonly mounts: readonly DirectoryMount[];
  /** Memory and CPU of the instance. */
  readonly limits: LaunchSpec["limits"];
}

/**
 * Merges an image's configuration with a create body as Docker does: `Cmd` replaces the image's
 * command and keeps its entrypoint, `Entrypoint` replaces both, `Env` is added to.
 *
 * @throws {EngineError} BAD_REQUEST when neither names a command
 */
export function toLaunchSpec(image: Image, body: CreateBody, facts: LaunchFacts): LaunchSpec {
  const { config } = image;
  const inheritedCmd = body.entrypoint === undefined ? config.cmd : [];
  const argv = [...(body.entrypoint ?? config.entrypoint), ...(body.cmd ?? inheritedCmd)];
  if (argv.length === 0) {
    throw new EngineError(
      "BAD_REQUEST",
      `Cannot run image ${body.image}: no command specified; add CMD or ENTRYPOINT to its ` +
        "Dockerfile or give start() an entrypoint",
    );
  }
  const user = body.user ?? config.user;
  const home = facts.home ?? homeOf(user);
  return {
    argv,
    env: mergeEnv(image, { ...config.env, ...body.env }, { home, hostname: facts.hostname }),
    cwd: body.workingDir ?? (config.workingDir === "" ? "/" : config.workingDir),
    hostname: facts.hostname,
    rootfs: {
      base: image.base,
      layers: image.layers,
      writableDir: facts.writableDir,
      mounts: facts.mounts,
    },
    limits: facts.limits,
    labels: body.labels,
    ...(user !== undefined && { user }),
  };
}

function mergeEnv(
  image: Image,
  env: Readonly<Record<string, string>>,
  defaults: { readonly home: string; readonly hostname: string },
): Readonly<Record<string, string>> {
  return {
    HOSTNAME: defaults.hostname,
    HOME: defaults.home,
    ...env,
    PATH: withNode(env["PATH"] ?? DEFAULT_PATH, image.base),
  };
}

/** Docker reads /etc/passwd; of the host's view only these two have a home of their own. */
function homeOf(user: string | undefined): string {
  const name = user?.split(":")[0] ?? "";
  if (name === "" || name === "root" || name === "0") return "/root";
  return name === "node" ? "/home/node" : "/";
}

/**
 * Images that stand on the host's files find its `node`. Elsewhere than in /usr and /opt the
 * sandbox links it into /usr/local/bin, so that no other path of the host shows.
 */
function withNode(path: string, base: Image["base"]): string {
  if (base === "none" || path.split(":").includes(NODE_DIR)) return path;
  return /^\/(usr|opt)\//.test(NODE_DIR) ? `${path}:${NODE_DIR}` : path;
}
