import type { ContainerState, ExitedState } from "./container-state.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { JsonObject } from "./json-fields.ts";

/** Where the sidecar listens by workerd's arguments; published on the host. */
const INGRESS_PORT = 39_001;
/** What Go prints for a time that is not set. */
const NO_TIME = "0001-01-01T00:00:00Z";

/** Makes the answer of `GET /containers/ID/json`. */
export function toContainerInspect(container: EngineContainer): JsonObject {
  const [path, ...commandArguments] = container.argv;
  const { body } = container;
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Created: toTime(container.createdAtMs),
    Path: path ?? "",
    Args: commandArguments,
    Image: container.imageId,
    Platform: "linux",
    RestartCount: 0,
    State: toState(container.lifecycle.state),
    Config: {
      Image: body.image,
      Labels: body.labels,
      Env: Object.entries(body.env).map(([name, value]) => `${name}=${value}`),
      Cmd: body.cmd ?? null,
      Entrypoint: body.entrypoint ?? null,
      WorkingDir: body.workingDir ?? "",
      User: body.user ?? "",
    },
    HostConfig: {
      NetworkMode: body.networkMode,
      RestartPolicy: { Name: "no" },
    },
    Mounts: [],
    NetworkSettings: { Ports: toPorts(container), Networks: {} },
  };
}

/** Makes one element of the answer of `GET /containers/json`. */
export function toContainerSummary(container: EngineContainer): JsonObject {
  const { state } = container.lifecycle;
  const { ingressPort } = container;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.body.image,
    ImageID: container.imageId,
    Command: container.argv.join(" "),
    Created: Math.floor(container.createdAtMs / 1000),
    Labels: container.body.labels,
    State: statusWord(state),
    Status: toStatusText(state),
    HostConfig: { NetworkMode: container.body.networkMode },
    NetworkSettings: { Networks: {} },
    Mounts: [],
    Ports:
      ingressPort === undefined
        ? []
        : [
            {
              IP: "127.0.0.1",
              PrivatePort: INGRESS_PORT,
              PublicPort: ingressPort,
              Type: "tcp",
            },
          ],
  };
}

/** Docker's word for a state. */
export function statusWord(state: ContainerState): string {
  return state.kind === "starting" ? "created" : state.kind;
}

function toPorts(container: EngineContainer): JsonObject {
  const { ingressPort } = container;
  if (ingressPort === undefined) return {};
  return {
    [`${INGRESS_PORT}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: String(ingressPort) }],
  };
}

function toState(state: ContainerState): JsonObject {
  const last = lastExit(state);
  const startedAtMs = state.kind === "running" ? state.startedAtMs : last?.startedAtMs;
  return {
    Status: statusWord(state),
    Running: state.kind === "running",
    Paused: false,
    Restarting: false,
    OOMKilled: last?.isOutOfMemory ?? false,
    Dead: false,
    Pid: state.kind === "running" ? state.pid : 0,
    ExitCode: last?.exitCode ?? 0,
    Error: "",
    StartedAt: startedAtMs === undefined ? NO_TIME : toTime(startedAtMs),
    FinishedAt: last === undefined ? NO_TIME : toTime(last.finishedAtMs),
  };
}

function lastExit(state: ContainerState): ExitedState | undefined {
  if (state.kind === "exited") return state;
  return state.kind === "removing" ? state.last : undefined;
}

function toStatusText(state: ContainerState): string {
  switch (state.kind) {
    case "created":
    case "starting":
      return "Created";
    case "running":
      return `Up since ${toTime(state.startedAtMs)}`;
    case "exited":
      return `Exited (${state.exitCode}) at ${toTime(state.finishedAtMs)}`;
    case "removing":
      return "Removal In Progress";
  }
}

function toTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
