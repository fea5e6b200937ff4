import type { RunOptions } from "./job-plan.ts";
import type {
  CancellationOptions,
  ContainerStartConfigOptions,
  StartAndWaitForPortsOptions,
} from "./container-types.ts";

/** The arguments of `startAndWaitForPorts()` in one form. */
export interface PortArguments {
  readonly ports: readonly number[] | undefined;
  readonly cancellationOptions: CancellationOptions | undefined;
  readonly startOptions: ContainerStartConfigOptions | undefined;
}

/** Reads `(args)` or `(ports?, cancellationOptions?, startOptions?)`. */
export function readPortArguments(
  portsOrArgs: number | number[] | StartAndWaitForPortsOptions | undefined,
  cancellationOptions: CancellationOptions | undefined,
  startOptions: ContainerStartConfigOptions | undefined,
): PortArguments {
  if (typeof portsOrArgs === "object" && portsOrArgs !== null && !Array.isArray(portsOrArgs)) {
    return {
      ports: asList(portsOrArgs.ports),
      cancellationOptions: portsOrArgs.cancellationOptions,
      startOptions: portsOrArgs.startOptions,
    };
  }
  return { ports: asList(portsOrArgs), cancellationOptions, startOptions };
}

function asList(ports: number | number[] | undefined): readonly number[] | undefined {
  return typeof ports === "number" ? [ports] : ports;
}

/** The request of a `containerFetch()`, and the port it names. */
export interface FetchArguments {
  readonly request: Request;
  readonly port: number | undefined;
}

/** Reads `(request, port?)` or `(url, init?, port?)`; a URL may be relative. */
export function readFetchArguments(
  requestOrUrl: Request | string | URL,
  portOrInit: number | RequestInit | undefined,
  portParam: number | undefined,
): FetchArguments {
  const init = typeof portOrInit === "object" ? portOrInit : undefined;
  const port = typeof portOrInit === "number" ? portOrInit : portParam;
  if (requestOrUrl instanceof Request) {
    return { request: init === undefined ? requestOrUrl : new Request(requestOrUrl, init), port };
  }
  const url = new URL(requestOrUrl, "http://container");
  return { request: new Request(url, init), port };
}

/** The arguments of a `run()` in one form. */
export interface RunArguments {
  readonly command: readonly string[] | undefined;
  readonly options: RunOptions;
}

/** Reads `(options?)` or `(command, options?)`. */
export function readRunArguments(
  first: readonly string[] | RunOptions | undefined,
  second: RunOptions | undefined,
): RunArguments {
  if (first === undefined || isOptions(first)) {
    return { command: undefined, options: first ?? second ?? {} };
  }
  return { command: first, options: second ?? {} };
}

function isOptions(value: readonly string[] | RunOptions): value is RunOptions {
  return typeof value === "object" && !Array.isArray(value);
}
