import { arch, cpus, hostname, release, totalmem } from "node:os";

import type { ApiRoute } from "./api-exchange.ts";
import { isLive } from "./container-state.ts";
import type { EngineContext } from "./engine-context.ts";
import type { JsonObject } from "./json-fields.ts";

/** The newest version whose forms the engine speaks. */
const API_VERSION = "1.43";
const MIN_API_VERSION = "1.24";
const ENGINE_VERSION = "berth";
const ARCHITECTURE = new Map([
  ["x64", "amd64"],
  ["arm64", "arm64"],
]);

const PING_HEADERS = {
  "Api-Version": API_VERSION,
  "Docker-Experimental": "false",
  OSType: "linux",
  Server: ENGINE_VERSION,
};

/** The endpoints that tell about the engine itself. */
export function systemRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    {
      method: "GET",
      pattern: "/_ping",
      handler: () => ({
        kind: "text",
        status: 200,
        body: "OK",
        headers: PING_HEADERS,
      }),
    },
    {
      method: "HEAD",
      pattern: "/_ping",
      handler: () => ({
        kind: "text",
        status: 200,
        body: "",
        headers: PING_HEADERS,
      }),
    },
    {
      method: "GET",
      pattern: "/version",
      handler: () => ({ kind: "json", status: 200, body: toVersion() }),
    },
    {
      method: "GET",
      pattern: "/info",
      handler: async () => ({
        kind: "json",
        status: 200,
        body: await toInfo(engine),
      }),
    },
  ];
}

function toVersion(): JsonObject {
  return {
    Version: ENGINE_VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    Os: "linux",
    Arch: ARCHITECTURE.get(arch()) ?? arch(),
    KernelVersion: release(),
    Components: [{ Name: "Engine", Version: ENGINE_VERSION }],
  };
}

async function toInfo(engine: EngineContext): Promise<JsonObject> {
  const containers = engine.containers.list();
  const running = containers.filter((container) => isLive(container.lifecycle.state)).length;
  const images = await engine.images.list();
  const { facts } = engine.sandbox;
  return {
    ID: ENGINE_VERSION,
    Name: hostname(),
    ServerVersion: ENGINE_VERSION,
    OSType: "linux",
    OperatingSystem: "Linux",
    Architecture: ARCHITECTURE.get(arch()) ?? arch(),
    KernelVersion: release(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Driver: "overlay",
    DockerRootDir: engine.stateDir,
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: containers.length - running,
    Images: images.length,
    // To a "rootless" engine miniflare would add SYS_ADMIN and /dev/fuse, which no container gets.
    SecurityOptions: [],
    Labels: [
      `berth.privilege=${facts.privilege}`,
      `berth.internet=${facts.internet}`,
      `berth.memory-limit=${facts.memoryLimit}`,
    ],
    Warnings: null,
  };
}
