import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./child-process.ts";
import { startServer } from "./background-server.ts";

/** Builds one context and pushes it, by other means than ours. */
export interface Rival {
  readonly name: string;
  /** @returns how long it took in milliseconds */
  buildAndPush(contextDir: string, reference: string): Promise<number>;
}

// Debian's docker.io has both: the client may be another one with the first place on PATH.
const DOCKER = "/usr/bin/docker";
const DOCKERD = "/usr/sbin/dockerd";

/** Starts a Docker daemon of its own; undefined, with the reason printed, where there is none. */
export async function openDocker(
  directory: string,
  parts: AsyncDisposableStack,
): Promise<readonly Rival[]> {
  if (!existsSync(DOCKER) || !existsSync(DOCKERD)) {
    console.log("  no Docker beside it: apt-get install docker.io brings one");
    return [];
  }
  const socket = join(directory, "docker.sock");
  const env = { DOCKER_HOST: `unix://${socket}` };
  const places = ["--data-root", join(directory, "data"), "--exec-root", join(directory, "exec")];
  const plain = ["--bridge=none", "--iptables=false", "-p", join(directory, "pid"), "-H"];
  await mkdir(directory, { recursive: true });
  const isUp = async (): Promise<boolean> => {
    await runCommand([DOCKER, "version"], { env });
    return true;
  };
  parts.use(await startServer([DOCKERD, ...places, ...plain, env.DOCKER_HOST], isUp));
  return [
    dockerBuild("docker build and push", { ...env, DOCKER_BUILDKIT: "0" }),
    dockerBuild("the same with BuildKit", { ...env, DOCKER_BUILDKIT: "1" }),
  ];
}

function dockerBuild(name: string, env: Readonly<Record<string, string>>): Rival {
  return {
    name,
    buildAndPush: async (contextDir, reference) => {
      const built = await runCommand([DOCKER, "build", "-q", "-t", reference, contextDir], { env });
      const pushed = await runCommand([DOCKER, "push", "-q", reference], { env });
      return built.tookMs + pushed.tookMs;
    },
  };
}

/** Buildah, where it is installed. */
export function findBuildah(directory: string): readonly Rival[] {
  const buildah = "/usr/bin/buildah";
  if (!existsSync(buildah)) return [];
  const roots = ["--root", join(directory, "root"), "--runroot", join(directory, "run")];
  const base = [buildah, ...roots, "--storage-driver", "overlay"];
  return [
    {
      name: "buildah",
      buildAndPush: async (contextDir, reference) => {
        const flags = ["-q", "--layers", "--isolation", "chroot", "-t", reference];
        const built = await runCommand([...base, "bud", ...flags, contextDir]);
        const pushed = await runCommand([...base, "push", "-q", "--tls-verify=false", reference]);
        return built.tookMs + pushed.tookMs;
      },
    },
  ];
}
