import { parseDuration, type Duration } from "../../core/duration.ts";
import { parsePort } from "../../core/port.ts";
import { probeGapMs } from "../../core/probe-gap.ts";
import { tcp } from "../../core/readiness/tcp.ts";
import { toContainerError } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import type { Admission } from "../admission.ts";
import { abortError, exitedError, notRunningError, portError } from "../admission-errors.ts";
import { sleep } from "../sleep.ts";
import type { Supervisor } from "../supervisor.ts";
import { joinTcp, type TcpConnection } from "./tcp-connection.ts";

/** How a caller waits for a raw connection. */
export interface ConnectOptions {
  /** How long the port may stay closed once the container is up (default: `startup.readyTimeout`). */
  readonly readyTimeout?: Duration;
  /** Lets the caller leave before the connection is there. */
  readonly signal?: AbortSignal;
}

/** What connections are made with. */
export interface ConnectorParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
}

/** Opens raw connections to ports that surely take them: the runtime opens one to a closed port, too. */
export class TcpConnector {
  readonly #parts: ConnectorParts;
  readonly #openIn = new Map<number, number>();

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
  }

  /** Starts the container if need be, waits for the port, and connects. */
  async connect(port: number, options: ConnectOptions): Promise<TcpConnection> {
    const { platform, supervisor, admission } = this.#parts;
    const parsed = parsePort(port, "port");
    const { readyTimeout, signal } = options;
    const timeoutMs =
      readyTimeout === undefined
        ? supervisor.policy.readyTimeoutMs
        : parseDuration(readyTimeout, "readyTimeout");
    await admission.start({ signal });
    const lease = supervisor.openLease("socket");
    try {
      await this.#untilOpen(parsed, timeoutMs, signal);
      const socket = platform.runtime.getTcpPort(parsed).connect(`10.0.0.1:${parsed}`);
      await socket.opened;
      const connection = joinTcp(socket, () => supervisor.renewLease(lease));
      const end = connection.closed().then(() => supervisor.closeLease(lease));
      platform.keepAlive(end);
      return connection;
    } catch (error) {
      supervisor.closeLease(lease);
      throw toContainerError(error, `connect to port ${parsed}`);
    }
  }

  /** Asked once a run: what a port does later shows by the connection's end. */
  async #untilOpen(port: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { platform, supervisor, admission } = this.#parts;
    const { clock, runtime } = platform;
    const { run } = supervisor.phase;
    if (this.#openIn.get(port) === run) return;
    const abandoned = signal ?? new AbortController().signal;
    const beganAtMs = clock.now();
    while (!(await admission.passes(tcp(port), abandoned))) {
      if (abandoned.aborted) throw abortError(port);
      if (!runtime.running) await this.#throwEnd(run);
      const waitedMs = clock.now() - beganAtMs;
      if (waitedMs >= timeoutMs) throw portError(port, waitedMs);
      await sleep(clock, probeGapMs(waitedMs), abandoned);
    }
    this.#openIn.set(port, run);
  }

  async #throwEnd(run: number): Promise<void> {
    const { supervisor } = this.#parts;
    await supervisor.reconcile();
    const { lastStop } = supervisor.lifecycle;
    if (lastStop?.runId === run) throw exitedError(lastStop, undefined);
    throw notRunningError("connect");
  }
}
