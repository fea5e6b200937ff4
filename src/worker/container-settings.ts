import { DurableObject } from "cloudflare:workers";
import type { Duration } from "../core/duration.ts";
import type { InstanceSize } from "../core/image/instance-size.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import type { CronParser } from "../core/schedule/cron-parser.ts";
import type { PersistPlan } from "./snapshots/persist-plan.ts";
import type { SocketActivity } from "../core/socket-activity.ts";
import type { ContainerError } from "../errors/container-error.ts";
import type { StopParams } from "./container-types.ts";
import type { Traffic } from "./answer-passer.ts";
import type { Recycle } from "./deploy-watch.ts";
import type { Liveness } from "./liveness-watch.ts";
import type { Budget, Startup } from "./read-policy.ts";
import type { ImageChoice } from "./start-planner.ts";
import type { ResolveEnv } from "./run-environment.ts";

/** The settings and hooks of a container class: what a subclass sets. */
export abstract class ContainerSettings<
  Env = Cloudflare.Env,
  Props = unknown,
> extends DurableObject<Env, Props> {
  /** Port that requests go to when they name none. */
  defaultPort?: number;
  /** Ports that must answer before the container counts as ready. */
  requiredPorts?: number[];
  /**
   * Ports that `switchPort()` may name beside `defaultPort` and `requiredPorts`; `"any"` for all.
   * `containerFetch()` inside the class may name any. Default: none.
   */
  allowedPorts?: number[] | "any";
  /**
   * Idle time after which `onActivityExpired` is called: `"30s"`, `"10m"`, `"1h30m"`, `"1d"`,
   * `"500ms"`, or a number of seconds. Default: `"10m"`.
   */
  sleepAfter: Duration = "10m";
  /** Environment of the container. */
  envVars?: Record<string, string>;
  /**
   * Gives more of the environment once per run, before the container is started, for example what
   * the Secrets Store holds. Its variables win over those of `envVars`, and those that a caller of
   * `start()` gives win over both. It has 10 s; if it fails the start does, with `ENV_FAILED`.
   *
   * A field, never a method: methods can be called by whoever has the stub. The object's bindings
   * are `this.env`.
   *
   * @example
   * ```ts
   * override resolveEnv = async () => ({ API_KEY: await this.env.API_KEY.get() });
   * ```
   */
  resolveEnv?: ResolveEnv;
  /** Replaces the image's command. */
  entrypoint?: string[];
  /** Whether the container may reach the internet. Default: true. */
  enableInternet = true;
  /** Key-value labels attached to the container for metrics. */
  labels?: Record<string, string>;
  /**
   * What the container is made of: a key of `ctx.container.images`, a reference with a tag or a
   * digest, or a function of the object's name (its id, if it has none). Needs
   * `"scheduling_policy": "durable_object"`. Default: as the Wrangler configuration says.
   */
  image?: ImageChoice;
  /**
   * The size of the container: `"standard-1"`, or `{ vcpu, memoryMib, diskMb }`. Needs
   * `"scheduling_policy": "durable_object"`. Default: as the platform or the configuration says.
   */
  instance?: InstanceSize;
  /** A name for what is deployed, for example a version's id: a run with another one is old. */
  expectedBuild?: string;
  /**
   * What becomes of a run whose image or build is old: it ends when it is idle, also where
   * `onActivityExpired` does not stop it (`"idle"`); it takes no new requests, which go to the next
   * run (`"drain"`); it is told to end at once (`"now"`); or nothing (`"never"`). Default: `"idle"`.
   */
  recycle: Recycle = "idle";
  /**
   * How the container's files outlive its sleep: all of them by `snapshot()`, where the object has
   * `"scheduling_policy": "durable_object"`, or one directory by `directory("/data", bucket)`.
   * Default: they do not.
   */
  persist?: PersistPlan;
  /**
   * Host and path of the readiness probe, as `"host/path"`, for a class without `ready`. Any answer
   * but 502, 503 and 504 counts. Default: `"ping"`, that is `/` with the host `ping`.
   */
  pingEndpoint = "ping";
  /**
   * When the app is ready: `http("/healthz")`, `tcp(5432)`, `exec(["pg_isready"])`, `any(…)`,
   * `all(…)` or a function. Default: the probe of `pingEndpoint` on each port that is awaited.
   */
  ready?: ReadinessCheck;
  /** How long a start may take. */
  startup?: Startup;
  /**
   * Checks now and then, while something is in flight, that the app still works; one that fails
   * several times is replaced. Never keeps an idle object in memory. By default only an app is
   * replaced that has answered nothing at all for five minutes while a request waits; `false`
   * leaves that alone, too.
   */
  liveness?: Liveness | false;
  /** How long what is in flight may go on after `stop()`, before the signal is sent. Default: 30 s. */
  drain: Duration = "30s";
  /** Time between the stop signal and `destroy()`. Default: 30 s. */
  stopGrace: Duration = "30s";
  /** How long a request may wait for its headers before it gets `REQUEST_TIMEOUT`. Default: no limit. */
  requestTimeout?: Duration;
  /** How long a body that moves no byte keeps the instance awake. Default: 15 min. */
  idleStreamTimeout: Duration = "15m";
  /** How long a WebSocket without a message keeps the instance awake. Default: 1 h. */
  idleSocketTimeout: Duration = "1h";
  /**
   * Which messages of a WebSocket keep the instance awake: `"any"`, those of the `"client"`, or
   * those for which a function returns true. Default: `"any"`.
   */
  socketActivity: SocketActivity = "any";
  /** How long one run may last; it is stopped then, and the next request starts another. Default: no limit. */
  maxLifetime?: Duration;
  /** How many runs may begin within an hour; more get `RUN_LIMIT`. Default: no limit. */
  maxRunsPerHour?: number;
  /** What the instance may cost: beyond it, it is stopped and starts get `BUDGET_SPENT`. */
  budget?: Budget;
  /** Reads cron expressions: `cron = cron`, imported from `@berth/containers/cron`. */
  cron?: CronParser;
  /**
   * `watched` (default): response bodies and WebSockets keep the instance awake while they last.
   * `pass-through`: they are handed to the client unseen, which is faster for chatty sockets; what
   * is open then neither keeps the instance awake nor outlives its sleep.
   */
  traffic: Traffic = "watched";

  /** Called once per run, when the container is up; when its ports answer, if those are awaited. */
  onStart(): void | Promise<void> {}

  /** Called once per run, when it has ended. If it throws, it is called again, five times in all. */
  onStop(_params: StopParams): void | Promise<void> {}

  /**
   * Called before a snapshot is taken: have the app write down what it holds. Before a stop the
   * container takes no requests through this class any more, so use `this.ctx.container`. If it
   * throws, no snapshot is taken.
   */
  onBeforeSnapshot(): void | Promise<void> {}

  /** Called when the alarm of `setAlarm()` is due; again if it throws, seven times in all. */
  onAlarm(): void | Promise<void> {}

  /** Called with what went wrong behind the scenes. Logs and rethrows by default. */
  onError(error: unknown): unknown {
    console.error("Container error:", error);
    throw error;
  }

  /**
   * Makes the answer to a request that the container cannot answer. What it returns is sent as it
   * is; by default it is JSON with the code and nothing of the inside.
   */
  errorResponse(
    _error: ContainerError,
    _request: Request,
  ): Response | undefined | Promise<Response | undefined> {
    return undefined;
  }
}
