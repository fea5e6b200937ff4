import { randomBytes } from "node:crypto";
import { join } from "node:path";

import type { Image } from "../../images/image-store.ts";
import { EngineError } from "../engine-error.ts";
import type { Pod, SandboxProcess } from "../sandbox/sandbox.ts";
import { AppContainer, type AppHost } from "./app-container.ts";
import { CopyContainer } from "./copy-container.ts";
import type { CreateBody } from "./create-body.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { EngineContext } from "./engine-context.ts";
import { findImage } from "./find-image.ts";
import { findImageHome } from "./image-files.ts";
import { GatewayContainer, type ContainerIdentity } from "./gateway-container.ts";
import { isGatewayImage } from "./gateway-image.ts";
import { toLaunchSpec } from "./launch-spec.ts";
import { createLineSplitter } from "./output-lines.ts";

const JOIN_PREFIX = "container:";

/**
 * Makes a container and enters it into the table.
 *
 * @param name undefined lets the engine choose
 * @throws {EngineError} CONFLICT when the name is taken; NO_SUCH_IMAGE; BAD_REQUEST
 */
export async function createContainer(
  engine: EngineContext,
  body: CreateBody,
  name: string | undefined,
): Promise<EngineContainer> {
  const id = randomBytes(32).toString("hex");
  const identity = {
    id,
    name: checkName(name) ?? `berth-${id.slice(0, 12)}`,
    body,
  };
  engine.containers.checkNameIsFree(identity.name);
  const container = isGatewayImage(body.image)
    ? createOfGatewayImage(engine, identity)
    : await createApp(engine, identity, await findImage(engine, body.image));
  engine.containers.add(container);
  return container;
}

function createOfGatewayImage(
  engine: EngineContext,
  identity: ContainerIdentity,
): GatewayContainer | CopyContainer {
  if (identity.body.entrypoint !== undefined) return new CopyContainer(identity, engine.volumes);
  const onRefusedPort = (port: number): void => hintAtPort(engine, identity, port);
  return new GatewayContainer(identity, engine.sandbox, onRefusedPort);
}

async function createApp(
  engine: EngineContext,
  identity: ContainerIdentity,
  image: Image,
): Promise<AppContainer> {
  const { id, body } = identity;
  const limits = await findLimits(engine, body.image, image);
  const home = await findImageHome(image, body.user ?? image.config.user);
  const spec = toLaunchSpec(image, body, {
    ...(home !== undefined && { home }),
    hostname: id.slice(0, 12),
    writableDir: join(engine.stateDir, "containers", id, "files"),
    mounts: body.mounts.map(({ volume, target, isReadOnly }) => {
      return { source: engine.volumes.get(volume).directory, target, isReadOnly };
    }),
    limits: body.memoryBytes === undefined ? limits : { ...limits, memoryBytes: body.memoryBytes },
  });
  return new AppContainer({ ...identity, image }, spec, createHost(engine, identity));
}

/** A snapshot has the limits of the image that it was taken of. */
async function findLimits(
  engine: EngineContext,
  reference: string,
  image: Image,
): Promise<ReturnType<EngineContext["limitsOf"]>> {
  const references = [reference];
  let { parent } = image;
  while (parent !== undefined) {
    const ancestor: Image | undefined = await engine.images.get(parent);
    references.push(...(ancestor?.tags ?? []));
    parent = ancestor?.parent;
  }
  const found = references.map((name) => engine.limitsOf(name));
  return found.find((limits) => Object.keys(limits).length > 0) ?? {};
}

function createHost(engine: EngineContext, { id, name, body }: ContainerIdentity): AppHost {
  const { image } = body;
  return {
    findPod: () => findPod(engine, body.networkMode),
    onStarted: (process) => {
      engine.log({ kind: "container-started", container: name, image });
      process.stdin.on("error", () => undefined).end(); // the app may be gone already
      logOutput(process, (stream, line) => {
        engine.log({
          kind: "container-output",
          container: name,
          image,
          stream,
          line,
        });
      });
    },
    onExited: (exitCode, isOutOfMemory) => {
      engine.log({
        kind: "container-exited",
        container: name,
        image,
        exitCode,
        isOutOfMemory,
      });
    },
    discard: () => engine.discard(join(engine.stateDir, "containers", id)),
  };
}

/** Told of a closed port: most of the time the app is still starting, so only a stranger counts. */
function hintAtPort(engine: EngineContext, gateway: ContainerIdentity, port: number): void {
  for (const app of engine.containers.list()) {
    if (!(app instanceof AppContainer) || !joins(app, gateway)) continue;
    engine.hintAtPort({ image: app.body.image, exposedPorts: app.exposedPorts }, port);
  }
}

function joins(app: AppContainer, gateway: ContainerIdentity): boolean {
  const target = app.body.networkMode.slice(JOIN_PREFIX.length);
  return target === gateway.name || target === gateway.id;
}

function findPod(engine: EngineContext, networkMode: string): Pod {
  if (!networkMode.startsWith(JOIN_PREFIX)) {
    throw new EngineError(
      "NOT_SUPPORTED",
      `Cannot start a container with network ${networkMode}: the embedded engine runs what ` +
        `workerd starts; give NetworkMode ${JOIN_PREFIX}NAME of an egress interceptor`,
    );
  }
  const gateway = engine.containers.get(networkMode.slice(JOIN_PREFIX.length));
  if (gateway instanceof GatewayContainer && gateway.pod !== undefined) return gateway.pod;
  throw new EngineError(
    "NOT_RUNNING",
    `Cannot join the network of a non running container: ${gateway.name}; start it first`,
  );
}

function logOutput(
  process: SandboxProcess,
  onLine: (stream: "stdout" | "stderr", line: string) => void,
): void {
  for (const stream of ["stdout", "stderr"] as const) {
    const splitter = createLineSplitter((line) => onLine(stream, line));
    const output = process[stream];
    output.on("data", (chunk: Buffer) => splitter.write(chunk));
    output.once("end", () => splitter.end());
    output.on("error", () => undefined); // the exit tells what happened
  }
}

function checkName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const plain = name.replace(/^\//, "");
  // eslint-disable-next-line no-control-regex -- a control character in a name is what is refused
  if (plain !== "" && plain.length <= 1024 && !/[/\u0000-\u001f\u007f]/.test(plain)) return plain;
  throw new EngineError(
    "BAD_REQUEST",
    `Cannot create a container: invalid name ${JSON.stringify(name.slice(0, 100))}; ` +
      "give letters, digits, _ . and -",
  );
}
