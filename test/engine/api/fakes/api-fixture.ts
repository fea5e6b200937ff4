import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { createApiServer } from "../../../../src/engine/api/api-server.ts";
import { ContainerTable } from "../../../../src/engine/api/container-table.ts";
import type { EngineContext } from "../../../../src/engine/api/engine-context.ts";
import { engineRoutes } from "../../../../src/engine/api/engine-routes.ts";
import { ExecTable } from "../../../../src/engine/api/exec-table.ts";
import { isJsonObject } from "../../../../src/engine/api/json-fields.ts";
import { createPortHint } from "../../../../src/engine/api/port-hint.ts";
import { VolumeTable } from "../../../../src/engine/api/volume-table.ts";
import type { EngineLog } from "../../../../src/engine/engine-log.ts";
import { SandboxError } from "../../../../src/engine/sandbox/sandbox-error.ts";
import { FakeImageStore, fakeImage } from "./fake-image-store.ts";
import { FakeSandbox, type FakeProgram } from "./fake-sandbox.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly json: unknown;
}

export interface ApiFixture {
  readonly socketPath: string;
  readonly sandbox: FakeSandbox;
  readonly logs: EngineLog[];
  /** Archives put into containers: path and bytes. */
  readonly imported: { readonly path: string; readonly bytes: Buffer }[];
  /** Sends one request on a connection of its own, as workerd does. */
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Opens a bare connection. */
  open(): Promise<Socket>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves the API on a unix socket, over a fake sandbox and a fake image store. */
export async function startApi(
  options: {
    readonly programs?: Readonly<Record<string, FakeProgram>>;
    readonly overrides?: Partial<EngineContext>;
  } = {},
): Promise<ApiFixture> {
  const stateDir = await mkdtemp(join(tmpdir(), "berth-api-"));
  const socketPath = join(stateDir, "s");
  const sandbox = new FakeSandbox(options.programs);
  const logs: EngineLog[] = [];
  const imported: { path: string; bytes: Buffer }[] = [];
  const engine: EngineContext = {
    sandbox,
    images: new FakeImageStore([
      fakeImage("app:latest", {
        cmd: ["/app"],
        env: { FROM_IMAGE: "1" },
        workingDir: "/srv",
        exposedPorts: [8080],
      }),
      fakeImage("empty:latest"),
    ]),
    archive: {
      exportArchive: (_rootfs, path) => {
        if (path === "/missing") {
          return Promise.reject(new SandboxError("PATH_NOT_FOUND", "Cannot find /missing"));
        }
        return Promise.resolve(Readable.from([Buffer.from(`tar of ${path}`)]));
      },
      importArchive: async (_rootfs, path, tar) => {
        imported.push({ path, bytes: await buffer(tar) });
      },
    },
    build: () => Promise.reject(new Error("no builder in this test")),
    push: () => Promise.reject(new Error("no registry in this test")),
    pull: (_reference, onFailed) => {
      onFailed("no registry in this test");
      return Promise.resolve(undefined);
    },
    imageMap: {},
    limitsOf: () => ({}),
    stateDir,
    commitsDir: join(stateDir, "commits"),
    log: (event) => logs.push(event),
    hintAtPort: createPortHint((message) => logs.push({ kind: "notice", message })),
    discard: () => undefined,
    containers: new ContainerTable(),
    volumes: new VolumeTable(join(stateDir, "volumes")),
    execs: new ExecTable(),
    ...options.overrides,
  };
  const server = createApiServer(engineRoutes(engine), (message) =>
    logs.push({ kind: "notice", message }),
  );
  await server.listen(socketPath);
  return {
    socketPath,
    sandbox,
    logs,
    imported,
    send: (method, path, body) => sendRequest(socketPath, { method, path, body }),
    open: async () => {
      const socket = connect({ path: socketPath, allowHalfOpen: true });
      await once(socket, "connect");
      return socket;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await sandbox[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** The `Id` of an answer. */
export function idOf(json: unknown): string {
  if (isJsonObject(json) && typeof json["Id"] === "string") return json["Id"];
  throw new TypeError(`Cannot find Id in ${JSON.stringify(json)}`);
}

async function sendRequest(
  socketPath: string,
  { method, path, body }: { method: string; path: string; body: unknown },
): Promise<Answer> {
  const isBinary = Buffer.isBuffer(body);
  const bytes = isBinary ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const outgoing = httpRequest({
    socketPath,
    method,
    path,
    agent: false,
    headers: {
      Host: "localhost",
      "Content-Length": bytes.length,
      "Content-Type": isBinary ? "application/x-tar" : "application/json",
    },
  });
  outgoing.end(bytes);
  const [response] = await once(outgoing, "response");
  const answerBytes = await buffer(response);
  const isJson = String(response.headers["content-type"]).startsWith("application/json");
  return {
    status: response.statusCode,
    headers: response.headers,
    bytes: answerBytes,
    json: isJson ? JSON.parse(answerBytes.toString()) : undefined,
  };
}
