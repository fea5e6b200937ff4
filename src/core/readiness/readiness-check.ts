/** What a probe's request may set; it is always cut off with the probe, and follows no redirect. */
export interface ProbeRequestInit extends Omit<RequestInit, "signal" | "redirect"> {
  /** Port of the container. Default: `defaultPort`, else the first of `requiredPorts`. */
  readonly port?: number;
}

/** What a readiness check sees of the container. Whatever it opens is closed when it is over. */
export interface Probe {
  /** Aborts when the check must be over: after `startup.probeTimeout`, or when nobody waits. */
  readonly signal: AbortSignal;
  /**
   * Asks the app.
   *
   * @param path path and query, or a whole URL whose host is what the app sees as `Host`
   */
  fetch(path: string, init?: ProbeRequestInit): Promise<Response>;
  /** Opens a TCP connection to a port of the container (default: as for `fetch`). */
  connect(port?: number): Socket;
  /** Runs a program in the container and resolves with its exit code. */
  exec(argv: readonly string[]): Promise<number>;
  /** Waits, in milliseconds; shorter if the check is cut off. */
  wait(delayMs: number): Promise<void>;
}

/**
 * Says whether the app is ready, from one look at it. `false` and an error mean "not yet"; a
 * `ContainerError` means "never": whoever waits gets it at once.
 *
 * Made by `http()`, `tcp()`, `exec()`, `any()` and `all()`; a plain function will do as well.
 */
export type ReadinessCheck = (probe: Probe) => boolean | Promise<boolean>;
