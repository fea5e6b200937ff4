import { EngineError } from "../engine-error.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import { toContainerInspect, toContainerSummary, statusWord } from "./container-json.ts";
import type { WaitCondition } from "./container-lifecycle.ts";
import { isLive } from "./container-state.ts";
import { createContainer } from "./create-container.ts";
import { parseCreateBody } from "./create-body.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { EngineContext } from "./engine-context.ts";
import { matchesFilters, parseFilters } from "./resource-filters.ts";
import { parseSignal } from "./signal-number.ts";

const FILTER_KEYS = ["label", "name", "id", "status", "ancestor", "network"];
const DEFAULT_STOP_SECONDS = 10;
const SIGKILL = 9;

type ContainerHandler = (
  container: EngineContainer,
  request: ApiRequest,
) => Promise<ApiAnswer> | ApiAnswer;

/** The endpoints of containers, but for exec and archive. */
export function containerRoutes(engine: EngineContext): readonly ApiRoute[] {
  const on = (method: string, action: string, handler: ContainerHandler): ApiRoute => ({
    method,
    pattern: `/containers/:id${action}`,
    handler: (request) => handler(engine.containers.get(request.params["id"] ?? ""), request),
  });
  return [
    {
      method: "GET",
      pattern: "/containers/json",
      handler: (request) => listContainers(engine, request),
    },
    {
      method: "POST",
      pattern: "/containers/create",
      handler: (request) => create(engine, request),
    },
    on("GET", "/json", (container) => ({
      kind: "json",
      status: 200,
      body: toContainerInspect(container),
    })),
    on("POST", "/start", start),
    on("POST", "/wait", wait),
    on("POST", "/kill", kill),
    on("POST", "/stop", (container, request) => stop(engine, container, request)),
    on("DELETE", "", (container, request) => remove(engine, container, request)),
  ];
}

function listContainers(engine: EngineContext, request: ApiRequest): ApiAnswer {
  const filters = parseFilters(request.query.get("filters"), FILTER_KEYS);
  const isAll = isTrue(request.query.get("all")) || filters["status"] !== undefined;
  const found = engine.containers.list().filter((container) => {
    const { state } = container.lifecycle;
    if (!isAll && state.kind !== "running") return false;
    return matchesFilters(filters, {
      names: [container.name],
      labels: container.body.labels,
      values: {
        id: container.id,
        status: statusWord(state),
        ancestor: container.body.image,
        network: container.body.networkMode,
      },
    });
  });
  return { kind: "json", status: 200, body: found.map(toContainerSummary) };
}

async function create(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = parseCreateBody(await request.json());
  const container = await createContainer(engine, body, request.query.get("name") ?? undefined);
  return {
    kind: "json",
    status: 201,
    body: { Id: container.id, Warnings: [] },
  };
}

async function start(container: EngineContainer): Promise<ApiAnswer> {
  const outcome = await container.start();
  return { kind: "empty", status: outcome === "started" ? 204 : 304 };
}

/** The headers go before the exit is there, as in Docker: a client may set its timeouts by them. */
function wait(container: EngineContainer, request: ApiRequest): ApiAnswer {
  const condition = parseCondition(request.query.get("condition"));
  const exit = container.lifecycle.wait(condition);
  return {
    kind: "later",
    status: 200,
    body: exit.then(({ exitCode }) => ({ StatusCode: exitCode })),
  };
}

function kill(container: EngineContainer, request: ApiRequest): ApiAnswer {
  const signal = parseSignal(request.query.get("signal") ?? "SIGKILL");
  if (container.lifecycle.state.kind !== "running") {
    throw new EngineError(
      "NOT_RUNNING",
      `Cannot kill container: ${container.name}: container ${container.id} is not running`,
    );
  }
  container.signal(signal);
  return { kind: "empty", status: 204 };
}

async function stop(
  engine: EngineContext,
  container: EngineContainer,
  request: ApiRequest,
): Promise<ApiAnswer> {
  if (container.lifecycle.state.kind !== "running") return { kind: "empty", status: 304 };
  const seconds = Number(request.query.get("t") ?? DEFAULT_STOP_SECONDS);
  if (!Number.isFinite(seconds)) {
    throw new EngineError("BAD_REQUEST", `Cannot stop a container: t is not a number of seconds`);
  }
  const image = await engine.images.get(container.imageId);
  const stopSignal = request.query.get("signal") ?? image?.config.stopSignal ?? "SIGTERM";
  const exit = container.lifecycle.wait("not-running");
  container.signal(parseSignal(stopSignal));
  const timer = setTimeout(() => container.signal(SIGKILL), Math.max(0, seconds) * 1000);
  await exit;
  clearTimeout(timer);
  return { kind: "empty", status: 204 };
}

async function remove(
  engine: EngineContext,
  container: EngineContainer,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const { state } = container.lifecycle;
  if (isLive(state) && !isTrue(request.query.get("force"))) {
    throw new EngineError(
      "CONFLICT",
      `Cannot remove container "/${container.name}": container is running; stop it or force`,
    );
  }
  await removeContainer(engine, container);
  return { kind: "empty", status: 204 };
}

/** Removes a container; a second call joins the first. */
async function removeContainer(engine: EngineContext, container: EngineContainer): Promise<void> {
  if (container.lifecycle.state.kind === "removing") {
    await container.lifecycle.wait("removed");
    return;
  }
  await container.remove();
  engine.containers.delete(container.id);
  engine.execs.forgetContainer(container.id);
}

function parseCondition(text: string | null): WaitCondition {
  if (text === null || text === "") return "not-running";
  if (text === "not-running" || text === "next-exit" || text === "removed") return text;
  throw new EngineError(
    "BAD_REQUEST",
    `Cannot wait for ${JSON.stringify(text)}: give not-running, next-exit or removed`,
  );
}

/** Docker's own reading of booleans in a query: everything but these is true. */
function isTrue(text: string | null): boolean {
  return text !== null && !["", "0", "no", "false", "none"].includes(text.toLowerCase());
}
