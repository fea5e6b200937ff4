import { parseDuration, type Duration } from "../core/duration.ts";
import type { CancellationOptions, WaitOptions } from "./container-types.ts";

/** How long one caller waits for an instance and for its ports. */
export interface WaitBudget {
  readonly signal?: AbortSignal | undefined;
  /** Until the platform has given an instance, in milliseconds. */
  readonly instanceTimeoutMs?: number | undefined;
  /** For instance and ports together, in milliseconds. */
  readonly readyTimeoutMs?: number | undefined;
  /** For one probe, in milliseconds; it holds for whoever is first to wait. */
  readonly probeTimeoutMs?: number | undefined;
}

/**
 * Reads how a caller of `startAndWaitForPorts()` waits.
 *
 * @throws {ContainerError} `INVALID_DURATION`
 */
export function portBudget(options: CancellationOptions = {}): WaitBudget {
  const { abort, instanceGetTimeoutMS, portReadyTimeoutMS, startup = {} } = options;
  return {
    signal: abort,
    instanceTimeoutMs: instanceGetTimeoutMS ?? read(startup.instanceTimeout, "instanceTimeout"),
    readyTimeoutMs: portReadyTimeoutMS ?? read(startup.readyTimeout, "readyTimeout"),
    probeTimeoutMs: read(startup.probeTimeout, "probeTimeout"),
  };
}

/**
 * Reads how a caller of `start()` or `waitForPort()` waits. The peer counts tries; the time they
 * take together is what the caller meant.
 *
 * @throws {ContainerError} `INVALID_DURATION`
 */
export function startBudget(options: Partial<WaitOptions> = {}): WaitBudget {
  const { signal, retries, waitInterval = 300, startup = {} } = options;
  const triesMs = retries === undefined ? undefined : retries * waitInterval;
  return {
    signal,
    instanceTimeoutMs: triesMs ?? read(startup.instanceTimeout, "instanceTimeout"),
    readyTimeoutMs: triesMs ?? read(startup.readyTimeout, "readyTimeout"),
    probeTimeoutMs: read(startup.probeTimeout, "probeTimeout"),
  };
}

function read(value: Duration | undefined, name: string): number | undefined {
  return value === undefined ? undefined : parseDuration(value, `startup.${name}`);
}
