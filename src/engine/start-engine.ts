import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";

import { createImageSources } from "../images/image-sources.ts";
import { openImageStore } from "../images/image-store.ts";
import { hostPlatform } from "../images/oci/platform.ts";
import type { CredentialSource } from "../images/registry/credentials.ts";
import type { Registry } from "../images/registry/open-registry.ts";
import { tryPull } from "../images/resolve-image.ts";
import { createApiServer, type ApiServer } from "./api/api-server.ts";
import { ContainerTable } from "./api/container-table.ts";
import type { BuildRequest, EngineContext } from "./api/engine-context.ts";
import { engineRoutes } from "./api/engine-routes.ts";
import { ExecTable } from "./api/exec-table.ts";
import { GATEWAY_IMAGE } from "./api/gateway-image.ts";
import { createPortHint } from "./api/port-hint.ts";
import { VolumeTable } from "./api/volume-table.ts";
import { discardAbandoned } from "./discard-abandoned.ts";
import { createDiscarder, type Discarder } from "./discarder.ts";
import { writeDockerWrapper } from "./docker-wrapper.ts";
import { EngineError } from "./engine-error.ts";
import type { EngineLog } from "./engine-log.ts";
import { openEngineRegistry } from "./engine-registry.ts";
import { createImageBuilder } from "./image-builder.ts";
import { createStorePusher } from "./store-pusher.ts";
import { rebuildImage, type RebuildResult } from "./rebuild-image.ts";
import { exportArchive, importArchive } from "./sandbox/archive.ts";
import { createSandbox } from "./sandbox/create-sandbox.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { deleteStaleSocket } from "./stale-socket.ts";
import { openStateDir } from "./state-dir.ts";

export type { EngineLog } from "./engine-log.ts";

/** Bounds each step of the engine's end, so that a stuck process can't hold up its owner. */
const DISPOSE_TIMEOUT_MS = 10_000;
/** The kernel's limit of a unix socket's path, less the ending zero. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Options of {@link startEngine}. */
export interface EngineOptions {
  /** Where the engine keeps its files (default: a fresh directory, deleted at the end). */
  readonly stateDir?: string;
  /** Where images are kept (default: below `stateDir`); give one to keep them between engines. */
  readonly imagesDir?: string;
  /** The unix socket to listen on (default: in `stateDir`). */
  readonly socketPath?: string;
  /** Told what happens: output of containers, starts, exits, builds, notices. */
  readonly log?: (event: EngineLog) => void;
  /** Whether CPU limits are enforced (default: no). */
  readonly enforceCpu?: boolean;
  /** Whether RUN steps of Dockerfiles are executed (default: yes). */
  readonly isRunAllowed?: boolean;
  /**
   * Who asks registries for images that are not here, both those of FROM and those that a
   * configuration names; "off" asks none (default: the logins that `docker login` keeps). Where a
   * base image cannot be had, this host's programs stand in for it.
   */
  readonly registry?: "off" | { readonly credentials: CredentialSource };
  /** Image references that stand for a local Dockerfile, by its path. */
  readonly imageMap?: Readonly<Record<string, string>>;
  /** The memory limit of an image's instances in bytes; undefined is none. */
  readonly instanceMemoryBytes?: (image: string) => number | undefined;
  /** The number of virtual CPUs of an image's instances; undefined is no limit. */
  readonly instanceVcpu?: (image: string) => number | undefined;
  /** How many pods are kept ready for the next start (default: the sandbox's choice). */
  readonly warmPods?: number;
}

/** A running engine. */
export interface Engine {
  /** The unix socket of the Docker API. */
  readonly socketPath: string;
  /** A `docker` command that knows this engine. */
  readonly dockerBin: string;
  /** The environment by which wrangler, miniflare and the Docker CLI find this engine. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Builds an image anew under its tag; when it differs, ends the containers that run the old one,
   * so that the next request starts from the new one.
   */
  rebuild(request: BuildRequest, onLine: (line: string) => void): Promise<RebuildResult>;
  /** Ends every container and gives back all the engine holds; a second call joins the first. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the embedded engine: a server of the Docker API on a unix socket, of as much of it as
 * workerd, miniflare and wrangler use, which runs containers as isolated processes.
 *
 * It installs no signal handlers: dispose of it when the process ends.
 *
 * @throws {EngineError} `STATE_DIR_UNUSABLE` or `SOCKET_UNAVAILABLE`
 * @throws {SandboxError} `HOST_TOOL_MISSING` and others when this host can't isolate processes
 *
 * @example
 * ```ts
 * await using engine = await startEngine();
 * spawn("npx", ["wrangler", "dev"], { env: { ...process.env, ...engine.env }, stdio: "inherit" });
 * ```
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const log = options.log ?? (() => undefined);
  const state = await openStateDir(options.stateDir);
  const discarder = createDiscarder((message) => log({ kind: "notice", message }));
  const open: OpenParts = { stateDispose: () => state.dispose(), discarder };
  try {
    const socketPath = checkSocketPath(options.socketPath ?? join(state.path, "docker.sock"));
    open.sandbox = await openSandbox(options, state.path, log);
    await state.deleteLeftovers();
    const dockerBin = await writeDockerWrapper(state.path);
    open.registry = openEngineRegistry(options.registry);
    const { sandbox, registry } = open;
    const base = { log, stateDir: state.path, discarder, registry };
    const context = await createContext(options, base, sandbox);
    open.server = createApiServer(engineRoutes(context), (message) =>
      log({ kind: "notice", message }),
    );
    await listen(open.server, socketPath);
    let closing: Promise<void> | undefined;
    return {
      socketPath,
      dockerBin,
      env: toEnv(socketPath, dockerBin),
      rebuild: (request, onLine) => rebuildImage(context, request, onLine),
      [Symbol.asyncDispose]: () => (closing ??= closeParts(open, socketPath, log)),
    };
  } catch (error) {
    await closeParts(open, undefined, log);
    throw error;
  }
}

interface OpenParts {
  readonly stateDispose: () => Promise<void>;
  readonly discarder: Discarder;
  sandbox?: Sandbox;
  registry?: Registry | undefined;
  server?: ApiServer;
}

function openSandbox(
  options: EngineOptions,
  stateDir: string,
  log: (event: EngineLog) => void,
): Promise<Sandbox> {
  return createSandbox({
    stateDir,
    log: (message) => log({ kind: "notice", message }),
    ...(options.enforceCpu !== undefined && { enforceCpu: options.enforceCpu }),
    ...(options.warmPods !== undefined && { warmPods: options.warmPods }),
  });
}

async function createContext(
  options: EngineOptions,
  base: {
    readonly log: (event: EngineLog) => void;
    readonly stateDir: string;
    readonly discarder: Discarder;
    readonly registry: Registry | undefined;
  },
  sandbox: Sandbox,
): Promise<EngineContext> {
  const { log, stateDir, discarder, registry } = base;
  const imagesDir = options.imagesDir ?? join(stateDir, "images");
  const images = await openImageStore(imagesDir);
  const commitsDir = join(imagesDir, "commits");
  await discardAbandoned(commitsDir, discarder);
  const isRunAllowed = options.isRunAllowed ?? true;
  const sources = createImageSources({ store: images, ...(registry && { registry }) });
  return {
    sandbox,
    images,
    archive: { exportArchive, importArchive },
    push: createStorePusher(images, join(imagesDir, "mounts.json")),
    build: createImageBuilder({ store: images, sandbox, sources, isRunAllowed, log }),
    pull: (reference, onTried) => tryPull(reference, { platform: hostPlatform, onTried }, sources),
    imageMap: options.imageMap ?? {},
    limitsOf: (image) => toLimits(options, image),
    stateDir,
    commitsDir,
    log,
    hintAtPort: createPortHint((message) => log({ kind: "notice", message })),
    discard: discarder.discard,
    containers: new ContainerTable(),
    volumes: new VolumeTable(join(stateDir, "volumes")),
    execs: new ExecTable(),
  };
}

function toLimits(options: EngineOptions, image: string): ReturnType<EngineContext["limitsOf"]> {
  const memoryBytes = options.instanceMemoryBytes?.(image);
  const vcpu = options.instanceVcpu?.(image);
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(vcpu !== undefined && { vcpu }),
  };
}

/** The image's name lets wrangler ask for one that is here, and not for the one it would pull. */
function toEnv(socketPath: string, dockerBin: string): Readonly<Record<string, string>> {
  return {
    DOCKER_HOST: `unix://${socketPath}`,
    WRANGLER_DOCKER_HOST: `unix://${socketPath}`,
    WRANGLER_DOCKER_BIN: dockerBin,
    MINIFLARE_CONTAINER_EGRESS_IMAGE: GATEWAY_IMAGE,
  };
}

function checkSocketPath(path: string): string {
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes <= MAX_SOCKET_PATH_BYTES) return path;
  throw new EngineError(
    "SOCKET_UNAVAILABLE",
    `Cannot listen on ${path}: ${sizeBytes} bytes; give a socketPath of at most ` +
      `${MAX_SOCKET_PATH_BYTES}, or set TMPDIR to a shorter directory`,
  );
}

async function listen(server: ApiServer, socketPath: string): Promise<void> {
  try {
    await deleteStaleSocket(socketPath);
    await server.listen(socketPath);
    await chmod(socketPath, 0o600);
  } catch (cause) {
    const text = `Cannot listen on ${socketPath}: ${String(cause)}; give another socketPath`;
    throw new EngineError("SOCKET_UNAVAILABLE", text, { cause });
  }
}

async function closeParts(
  parts: OpenParts,
  socketPath: string | undefined,
  log: (event: EngineLog) => void,
): Promise<void> {
  const steps: readonly [what: string, step: () => Promise<unknown> | undefined][] = [
    ["end the containers", () => parts.sandbox?.[Symbol.asyncDispose]()],
    ["delete their files", () => parts.discarder.finish()],
    ["delete the state", parts.stateDispose],
  ];
  parts.server?.close();
  parts.registry?.close();
  if (socketPath !== undefined) await rm(socketPath, { force: true });
  for (const [what, step] of steps) {
    await withinTime(step()).catch((error: unknown) => {
      log({ kind: "notice", message: `Cannot ${what}: ${String(error)}; the next engine will` });
    });
  }
}

async function withinTime(work: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const tooLong = () => reject(new Error(`not done after ${DISPOSE_TIMEOUT_MS} ms`));
    timer = setTimeout(tooLong, DISPOSE_TIMEOUT_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
