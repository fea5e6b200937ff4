import { mkdir } from "node:fs/promises";

import { EngineError, type EngineErrorCode } from "../engine-error.ts";
import type { RootfsSpec } from "../sandbox/sandbox.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { EngineContext } from "./engine-context.ts";

/** The sandbox's codes that are the client's doing. */
const ERROR_CODES = new Map<unknown, EngineErrorCode>([
  ["PATH_NOT_FOUND", "NO_SUCH_PATH"],
  ["ARCHIVE_INVALID", "BAD_REQUEST"],
]);

/** The endpoints that carry tar archives in and out of a container. */
export function archiveRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    {
      method: "PUT",
      pattern: "/containers/:id/archive",
      handler: (request) => putArchive(engine, request),
    },
    {
      method: "GET",
      pattern: "/containers/:id/archive",
      handler: (request) => getArchive(engine, request),
    },
  ];
}

async function putArchive(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const path = parsePath(request);
  const { rootfs, container } = await containerWithFiles(engine, request);
  await engine.archive.importArchive(rootfs, path, request.body, container.pod).catch(toApiError);
  return { kind: "empty", status: 200 };
}

async function getArchive(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const path = parsePath(request);
  const { rootfs, container } = await containerWithFiles(engine, request);
  const body = await engine.archive.exportArchive(rootfs, path, container.pod).catch(toApiError);
  return {
    kind: "stream",
    status: 200,
    contentType: "application/x-tar",
    body,
  };
}

/** Before its first start a container has files too: workerd puts its certificate there. */
async function containerWithFiles(
  engine: EngineContext,
  request: ApiRequest,
): Promise<{ readonly container: EngineContainer; readonly rootfs: RootfsSpec }> {
  const container = engine.containers.get(request.params["id"] ?? "");
  const { rootfs } = container;
  if (rootfs !== undefined) {
    await mkdir(rootfs.writableDir, { recursive: true });
    return { container, rootfs };
  }
  throw new EngineError(
    "NOT_SUPPORTED",
    `Cannot archive files of ${container.name}: it is the network gateway, which has none`,
  );
}

function parsePath(request: ApiRequest): string {
  const path = request.query.get("path") ?? "";
  if (path !== "" && !path.includes("\0")) return path.startsWith("/") ? path : `/${path}`;
  throw new EngineError(
    "BAD_REQUEST",
    `Cannot archive files: path is ${JSON.stringify(path)}; give an absolute path`,
  );
}

function toApiError(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  throw new EngineError(ERROR_CODES.get(code) ?? "ENGINE_FAILED", message, { cause });
}
