import { publicState, type State } from "../core/lifecycle/public-state.ts";
import { parsePort } from "../core/port.ts";
import { signalNumber } from "../core/signal-number.ts";
import { checkObject } from "./check-object.ts";
import type {
  CancellationOptions,
  ContainerOptions,
  ContainerStartConfigOptions,
  Signal,
  SignalInteger,
  StartAndWaitForPortsOptions,
  WaitOptions,
} from "./container-types.ts";
import { readFetchArguments, readPortArguments } from "./arguments.ts";
import { ContainerSnapshots } from "./container-snapshots.ts";
import { assemble, type Machinery } from "./machinery.ts";
import { systemClock } from "./system-clock.ts";
import { portFromRequest } from "./switch-port.ts";
import { portBudget, startBudget } from "./wait-budget.ts";

/**
 * A Durable Object that owns one container: starts it when a request comes, sends requests to it,
 * and puts it to sleep when it is idle.
 *
 * @example
 * ```ts
 * export class MyContainer extends Container {
 *   defaultPort = 4000;
 *   sleepAfter = "10m";
 * }
 * ```
 */
export class Container<Env = Cloudflare.Env, Props = unknown> extends ContainerSnapshots<
  Env,
  Props
> {
  readonly #machinery: Machinery;

  /**
   * Called by the runtime.
   *
   * @param options settings for classes that prefer arguments to fields; fields of a subclass win,
   * for `envVars` key by key
   * @throws {ContainerError} `NO_CONTAINER` or `INVALID_CONFIG` when the Wrangler configuration
   * lacks something
   */
  constructor(ctx: DurableObjectState, env: Env, options: ContainerOptions = {}) {
    super(ctx, env);
    const runtime = checkObject(ctx, new.target.name);
    if (options.defaultPort !== undefined) this.defaultPort = options.defaultPort;
    if (options.sleepAfter !== undefined) this.sleepAfter = options.sleepAfter;
    if (options.entrypoint !== undefined) this.entrypoint = options.entrypoint;
    if (options.enableInternet !== undefined) this.enableInternet = options.enableInternet;
    this.#machinery = assemble(this, { ctx, env: env as Cloudflare.Env, runtime }, options);
    void ctx.blockConcurrencyWhile(async () => {
      await Promise.resolve(); // the fields of the subclass are set when the constructor has returned
      if (this.alarm !== Container.prototype.alarm) this.#machinery.alarms.wrap(this);
      this.#machinery.supervisor.construct();
      await this.#machinery.outbound.resume();
    });
  }

  /** Answers what is known of the instance, without waking or keeping it. */
  async getState(): Promise<State> {
    await this.#machinery.supervisor.reconcile();
    return publicState(this.#machinery.supervisor.lifecycle);
  }

  /**
   * Starts the container unless it runs, and resolves when it is up. Its ports may still be closed.
   *
   * @throws {ContainerError} `NO_INSTANCE`, `MAX_INSTANCES`, `RATE_LIMITED`, `START_TIMEOUT` when
   * the platform gives no instance; `START_FAILED`, `EXITED` when the image does not run;
   * `START_CONFLICT` when a start with other options is under way
   */
  async start(
    startOptions?: ContainerStartConfigOptions,
    waitOptions?: WaitOptions,
  ): Promise<void> {
    this.#machinery.settings.check();
    await this.#machinery.settings.starts.during(startOptions, () =>
      this.#machinery.admission.start(startBudget(waitOptions)),
    );
  }

  /**
   * Starts the container unless it runs, and resolves when the ports answer: those given, else
   * `requiredPorts`, else `defaultPort`.
   *
   * @throws {ContainerError} as `start()`, and `PORT_TIMEOUT` when a port stays closed; `NO_PORT`
   * when no port is known
   */
  async startAndWaitForPorts(args: StartAndWaitForPortsOptions): Promise<void>;
  async startAndWaitForPorts(
    ports?: number | number[],
    cancellationOptions?: CancellationOptions,
    startOptions?: ContainerStartConfigOptions,
  ): Promise<void>;
  // Stated once more, for stubs: RPC types know the last signature only.
  async startAndWaitForPorts(
    portsOrArgs?: number | number[] | StartAndWaitForPortsOptions,
    cancellationOptions?: CancellationOptions,
    startOptions?: ContainerStartConfigOptions,
  ): Promise<void>;
  async startAndWaitForPorts(
    portsOrArgs?: number | number[] | StartAndWaitForPortsOptions,
    cancellationOptions?: CancellationOptions,
    startOptions?: ContainerStartConfigOptions,
  ): Promise<void> {
    const args = readPortArguments(portsOrArgs, cancellationOptions, startOptions);
    this.#machinery.settings.check();
    const ports = this.#machinery.settings.portsToAwait(args.ports);
    const budget = portBudget(args.cancellationOptions);
    await this.#machinery.settings.starts.during(args.startOptions, () =>
      this.#machinery.admission.open(ports, budget),
    );
  }

  /**
   * Waits until a port of the running container answers.
   *
   * @returns 1, for compatibility; tries are not counted here
   * @throws {ContainerError} `NOT_RUNNING`, `PORT_TIMEOUT`, `EXITED`
   */
  async waitForPort(waitOptions: WaitOptions): Promise<number> {
    const port = parsePort(waitOptions.portToCheck, "portToCheck");
    await this.#machinery.admission.waitForPort(port, startBudget(waitOptions));
    return 1;
  }

  /**
   * Asks the container to end. New requests wait for the next run at once; those under way may end
   * within `drain`, and their WebSockets are closed with 1012. Then the signal is sent, and after
   * `stopGrace` the container is destroyed. `"SIGKILL"` is sent without a drain.
   *
   * @param signal a name, or a number from 1 to 64
   * @throws {ContainerError} `INVALID_ARGUMENT` for anything else
   */
  async stop(signal: Signal | SignalInteger = "SIGTERM"): Promise<void> {
    await this.#machinery.supervisor.stop(signalNumber(signal));
  }

  /** Ends the container at once. Resolves when it is gone, or after 10 s if it will not go. */
  async destroy(): Promise<void> {
    await this.#machinery.supervisor.destroy();
  }

  /**
   * Called when nothing happened for `sleepAfter`. Stops the container by default; if it is not
   * stopped here, the idle time starts anew.
   */
  async onActivityExpired(): Promise<void> {
    await this.stop();
  }

  /** Starts the idle time anew, as a request does. */
  renewActivityTimeout(): void {
    this.#machinery.supervisor.touch();
  }

  /** Has the alarm fire within so many milliseconds at the latest. */
  async scheduleNextAlarm(delayMs = 1_000): Promise<void> {
    this.#machinery.supervisor.wakeBy(systemClock.now() + delayMs);
  }

  /**
   * Sends a request to the container, starting it if need be. Not for WebSockets when called on a
   * stub: use `fetch(switchPort(request, port))` there.
   *
   * @returns the app's answer, or one with the header `x-berth-error` when there is none
   * @throws {ContainerError} `NO_PORT`, `INVALID_PORT`, `INVALID_DURATION`
   */
  async containerFetch(
    requestOrUrl: Request | string | URL,
    portOrInit?: number | RequestInit,
    portParam?: number,
  ): Promise<Response> {
    const { request, port } = readFetchArguments(requestOrUrl, portOrInit, portParam);
    this.#machinery.settings.check();
    return await this.#machinery.proxy.forward(request, this.#machinery.settings.portOf(port));
  }

  /**
   * Sends a request to the container if its app is ready, and answers `NOT_RUNNING` or
   * `NOT_LISTENING` otherwise. Neither starts the container nor keeps it awake.
   *
   * @throws {ContainerError} `NO_PORT`, `INVALID_PORT`
   */
  async fetchIfRunning(
    requestOrUrl: Request | string | URL,
    portOrInit?: number | RequestInit,
    portParam?: number,
  ): Promise<Response> {
    const { request, port } = readFetchArguments(requestOrUrl, portOrInit, portParam);
    const { proxy, settings } = this.#machinery;
    return await proxy.forwardIfRunning(request, settings.portOf(port));
  }

  /**
   * Sends every request to the container, to the port of `switchPort` or else `defaultPort`. A
   * port that the class does not name gets `PORT_NOT_ALLOWED`.
   */
  override async fetch(request: Request): Promise<Response> {
    try {
      const target = portFromRequest(request);
      this.#machinery.settings.checkAllowed(target.port);
      return await this.containerFetch(target.request, target.port);
    } catch (error) {
      return await this.#machinery.proxy.fail(error, request);
    }
  }

  /**
   * Called by the runtime. A class that overrides it calls `super.alarm()`; one that forgets is
   * told by `onError`, and what is due is done all the same.
   */
  override async alarm(_info?: AlarmInvocationInfo): Promise<void> {
    await this.#machinery.alarms.handle();
  }
}
