import type { InstanceMetrics } from "../core/metrics/parse-metrics.ts";
import type { JobResult } from "../core/jobs/job.ts";
import { readRunArguments } from "./arguments.ts";
import { planJob, type RunOptions } from "./job-plan.ts";
import { ContainerSchedule } from "./container-schedule.ts";
import { machineryOf } from "./machinery.ts";
import type { ExecHandle, ExecOptions, ExecResult } from "./programs/programs.ts";
import type { TcpConnection } from "./programs/tcp-connection.ts";
import type { ConnectOptions } from "./programs/tcp-connector.ts";

/** What a container class does inside its container. */
export abstract class ContainerPrograms<
  Env = Cloudflare.Env,
  Props = unknown,
> extends ContainerSchedule<Env, Props> {
  /**
   * Runs a program in the container to its end, starting the container if need be. It keeps the
   * instance awake, and is cut short by nothing but its own limits and the container's end. It is
   * lost with the object, should that be reset meanwhile: `run()` is what outlives that.
   *
   * @param command the program and its arguments; no shell reads them
   * @param options `maxOutputBytes` is 1 MiB here by default
   * @returns its exit code, whatever that is, and what it wrote
   * @throws {ContainerError} `PROGRAM_NOT_FOUND`; `EXITED` when the container ends first;
   * `REQUEST_TIMEOUT` when the runtime does not start the program within `timeout`;
   * `NOT_SUPPORTED` where the runtime runs no programs; `ABORTED`; `NOT_RUNNING`;
   * `INVALID_ARGUMENT`, `INVALID_DURATION`, `INVALID_ENV`; and as `start()`
   */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const { settings, programs } = machineryOf(this);
    settings.check();
    return await programs.exec(command, options);
  }

  /**
   * As `exec()`, but gives what the program writes as it comes. Whoever cancels a stream ends the
   * program, as its next write shows.
   *
   * @param options `maxOutputBytes` has no limit here by default
   * @returns streams and functions, also over a stub
   * @throws {ContainerError} as `exec()`; what befalls the program later is thrown by `exit()`
   */
  async execStream(command: readonly string[], options: ExecOptions = {}): Promise<ExecHandle> {
    const { settings, programs } = machineryOf(this);
    settings.check();
    return await programs.stream(command, options);
  }

  /**
   * Opens a raw TCP connection to a port of the container, once that takes connections; starts the
   * container if need be. It keeps the instance awake while bytes go by, as a WebSocket does. Not
   * called `connect`: the platform has that name for itself on every stub.
   *
   * @param port 1 to 65535
   * @returns streams and functions, also over a stub
   * @throws {ContainerError} `INVALID_PORT`; `PORT_TIMEOUT` when it stays closed; `EXITED`;
   * `ABORTED`; and as `start()`
   */
  async connectTcp(port: number, options: ConnectOptions = {}): Promise<TcpConnection> {
    const { settings, connector } = machineryOf(this);
    settings.check();
    return await connector.connect(port, options);
  }

  /**
   * Tells what the platform says of the container: its image and labels. Neither starts nor keeps
   * it.
   *
   * @returns `null` when none runs
   * @throws {ContainerError} `NOT_SUPPORTED` where the runtime cannot tell
   */
  async inspect(): Promise<ContainerInfo | null> {
    return await machineryOf(this).meter.inspect();
  }

  /**
   * Reads what the instance uses, by a program in it. Neither starts nor keeps it. Needs `sh` and
   * `cat` in the image, without which all numbers are undefined.
   *
   * @returns `null` when none runs
   * @throws {ContainerError} `NOT_SUPPORTED` where the runtime runs no programs; `EXITED`
   */
  async metrics(): Promise<InstanceMetrics | null> {
    return await machineryOf(this).meter.metrics();
  }

  /**
   * Runs a job to its end; no port is probed. Without a command the job is the container's own: its
   * image does its work and exits. A command is run in the container beside that, which is stopped
   * afterwards if it was started for it; for an image whose own command ends, set `entrypoint` to
   * one that waits.
   *
   * With `idempotencyKey` the job outlives its callers and its object: ask again with the same key,
   * from a Workflow's step or a Queue, and be given its result. A command that its object's death
   * cut short counts as a failed try.
   *
   * @param command the program and its arguments; no shell reads them
   * @param options how it is run, and what its container has in place of the class's settings
   * @returns how its last try ended
   * @throws {ContainerError} `START_CONFLICT` when a run is going on and no command is given, or the
   * key is another job's; `PROGRAM_NOT_FOUND`, `NOT_SUPPORTED`; `ABORTED`; `INVALID_ARGUMENT`,
   * `INVALID_DURATION`, `INVALID_ENV`; what the platform refuses the start with
   */
  async run(options?: RunOptions): Promise<JobResult>;
  async run(command: readonly string[], options?: RunOptions): Promise<JobResult>;
  // Stated once more, for stubs: RPC types know the last signature only.
  async run(
    commandOrOptions?: readonly string[] | RunOptions,
    options?: RunOptions,
  ): Promise<JobResult>;
  async run(first?: readonly string[] | RunOptions, second?: RunOptions): Promise<JobResult> {
    const { settings, jobs } = machineryOf(this);
    settings.check();
    const { command, options } = readRunArguments(first, second);
    return await jobs.run(planJob(command, options, settings.classVars));
  }
}
