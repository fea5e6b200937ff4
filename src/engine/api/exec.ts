import { EngineError } from "../engine-error.ts";
import type { LaunchSpec, TtySize } from "../sandbox/sandbox.ts";
import type { ApiAnswer, ApiRequest, ApiRoute } from "./api-exchange.ts";
import { AppContainer } from "./app-container.ts";
import { parseEnv } from "./create-body.ts";
import type { EngineContext } from "./engine-context.ts";
import { attachProcess, runDetached, type ExecPlan } from "./exec-session.ts";
import { requireImageProgram } from "./image-files.ts";
import { booleanField, stringField, stringListField, type JsonObject } from "./json-fields.ts";

const DEFAULT_SIZE: TtySize = { columns: 80, rows: 24 };
const MAX_SIZE = 65_535;

/** The endpoints of execs. */
export function execRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    {
      method: "POST",
      pattern: "/containers/:id/exec",
      handler: (request) => createExec(engine, request),
    },
    {
      method: "POST",
      pattern: "/exec/:id/start",
      handler: (request) => startExec(engine, request),
    },
    {
      method: "POST",
      pattern: "/exec/:id/resize",
      handler: (request) => resizeExec(engine, request),
    },
    {
      method: "GET",
      pattern: "/exec/:id/json",
      handler: (request) => inspectExec(engine, request),
    },
  ];
}

async function createExec(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json();
  const app = runningApp(engine, request.params["id"] ?? "");
  const argv = stringListField(body, "Cmd") ?? [];
  if (argv.length === 0) {
    throw new EngineError("BAD_REQUEST", "Cannot create an exec: no Cmd; give a command");
  }
  await requireImageProgram(app.spec.rootfs, argv);
  const session = engine.execs.create({
    containerId: app.id,
    spec: toExecSpec(app.spec, body, argv),
    isTty: booleanField(body, "Tty"),
    isStdinAttached: booleanField(body, "AttachStdin"),
  });
  return { kind: "json", status: 201, body: { Id: session.plan.id } };
}

async function startExec(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const session = engine.execs.get(request.params["id"] ?? "");
  const body = await request.json();
  const isDetached = booleanField(body, "Detach");
  if (!isDetached && !request.isUpgrade) {
    throw new EngineError(
      "BAD_REQUEST",
      "Cannot attach to an exec: no upgrade asked for; send Connection: Upgrade and Upgrade: tcp",
    );
  }
  const { pod } = runningApp(engine, session.plan.containerId);
  const process = await session.start(pod, parseConsoleSize(body["ConsoleSize"]));
  if (isDetached) {
    runDetached(process);
    return { kind: "empty", status: 200 };
  }
  return {
    kind: "hijack",
    contentType: session.plan.isTty
      ? "application/vnd.docker.raw-stream"
      : "application/vnd.docker.multiplexed-stream",
    serve: (connection) => attachProcess(process, connection, session.plan),
  };
}

async function resizeExec(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const session = engine.execs.get(request.params["id"] ?? "");
  const rows = parseDimension("h", request.query.get("h"));
  const columns = parseDimension("w", request.query.get("w"));
  await session.resize({ columns, rows });
  return { kind: "empty", status: 200 };
}

async function inspectExec(engine: EngineContext, request: ApiRequest): Promise<ApiAnswer> {
  const session = engine.execs.get(request.params["id"] ?? "");
  const status = await session.status();
  const { plan } = session;
  return { kind: "json", status: 200, body: toExecInspect(plan, status) };
}

function toExecInspect(
  plan: ExecPlan,
  status: {
    readonly isRunning: boolean;
    readonly exitCode: number | null;
    readonly pid: number;
  },
): JsonObject {
  const [entrypoint, ...commandArguments] = plan.spec.argv;
  return {
    ID: plan.id,
    Running: status.isRunning,
    ExitCode: status.exitCode,
    Pid: status.pid,
    ContainerID: plan.containerId,
    OpenStdin: plan.isStdinAttached,
    OpenStdout: true,
    OpenStderr: true,
    CanRemove: false,
    ProcessConfig: {
      tty: plan.isTty,
      entrypoint,
      arguments: commandArguments,
      privileged: false,
    },
  };
}

function runningApp(
  engine: EngineContext,
  reference: string,
): {
  readonly id: string;
  readonly spec: LaunchSpec;
  readonly pod: NonNullable<AppContainer["pod"]>;
} {
  const container = engine.containers.get(reference);
  if (!(container instanceof AppContainer)) {
    throw new EngineError(
      "NOT_SUPPORTED",
      `Cannot exec in ${container.name}: it is the network gateway, which runs inside the engine`,
    );
  }
  const { pod } = container;
  if (pod === undefined || container.lifecycle.state.kind !== "running") {
    throw new EngineError("NOT_RUNNING", `Cannot exec: container ${container.id} is not running`);
  }
  return { id: container.id, spec: container.spec, pod };
}

function toExecSpec(app: LaunchSpec, body: JsonObject, argv: readonly string[]): ExecPlan["spec"] {
  const user = stringField(body, "User") ?? app.user;
  return {
    argv,
    env: { ...app.env, ...parseEnv(stringListField(body, "Env") ?? []) },
    cwd: stringField(body, "WorkingDir") ?? app.cwd,
    ...(user !== undefined && { user }),
  };
}

/** Docker's order is height, width; 0 means the default. */
function parseConsoleSize(value: unknown): TtySize {
  if (!Array.isArray(value)) return DEFAULT_SIZE;
  const sizes: readonly unknown[] = value;
  const [rows, columns] = sizes;
  return {
    columns: isDimension(columns) ? columns : DEFAULT_SIZE.columns,
    rows: isDimension(rows) ? rows : DEFAULT_SIZE.rows,
  };
}

function parseDimension(name: string, text: string | null): number {
  const value = Number(text ?? "");
  if (isDimension(value)) return value;
  throw new EngineError(
    "BAD_REQUEST",
    `Cannot resize a terminal: ${name} is ${JSON.stringify(text)}; give 1-${MAX_SIZE}`,
  );
}

function isDimension(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SIZE;
}
