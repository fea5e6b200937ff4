import { parseDuration, type Duration } from "../core/duration.ts";
import {
  DEFAULT_SLEEP_AFTER_MS,
  DEFAULT_STOP_GRACE_MS,
  type Policy,
} from "../core/lifecycle/policy.ts";
import { parsePort } from "../core/port.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";
import { StartSettings } from "./start-settings.ts";

/** The fields of a container class that are settings. */
export interface SettingFields extends ContainerStartConfigOptions {
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  readonly sleepAfter: Duration;
  readonly stopGrace: Duration;
}

interface ReadPolicy {
  readonly sleepAfter: Duration;
  readonly stopGrace: Duration;
  readonly policy: Policy;
  readonly fault: unknown;
}

/** What the fields of a class mean. Read anew at each call: a class may change them at any time. */
export class ClassSettings {
  /** What callers of `start()` set in place of the fields. */
  readonly starts = new StartSettings();
  readonly #fields: SettingFields;
  readonly #optionVars: Record<string, string> | undefined;
  #read: ReadPolicy | undefined;

  /** @param optionVars environment from the constructor's options; fields win key by key */
  constructor(fields: SettingFields, optionVars: Record<string, string> | undefined) {
    this.#fields = fields;
    this.#optionVars = optionVars;
  }

  /**
   * The durations. Never throws, since alarms and stops need them, whatever the class says: one
   * that cannot be read counts as its default, and {@link ClassSettings.check} tells callers.
   */
  policy(): Policy {
    return this.#current().policy;
  }

  /** @throws {ContainerError} `INVALID_DURATION` when a duration of the class cannot be read */
  check(): void {
    const { fault } = this.#current();
    if (fault instanceof Error) throw fault;
  }

  /** What `ctx.container.start()` is given for the run that begins now. */
  startOptions(): ContainerStartupOptions {
    const fields = this.#fields;
    const own = this.starts.current;
    const env = own?.envVars ?? { ...this.#optionVars, ...fields.envVars };
    return {
      enableInternet: own?.enableInternet ?? fields.enableInternet ?? true,
      ...unlessEmpty("env", env),
      ...unlessEmpty("entrypoint", own?.entrypoint ?? fields.entrypoint),
      ...unlessEmpty("labels", own?.labels ?? fields.labels),
    };
  }

  /**
   * The port of a request.
   *
   * @throws {ContainerError} `NO_PORT`, `INVALID_PORT`
   */
  portOf(port: number | undefined): number {
    const chosen = port ?? this.#fields.defaultPort;
    if (chosen !== undefined) return parsePort(chosen, port === undefined ? "defaultPort" : "port");
    throw new ContainerError(
      "NO_PORT",
      `Cannot choose a port of ${this.#fields.constructor.name}: set defaultPort in the class, or use switchPort(request, port)`,
    );
  }

  /**
   * The ports that a start waits for.
   *
   * @throws {ContainerError} `NO_PORT`, `INVALID_PORT`
   */
  portsToAwait(ports: readonly number[] | undefined): readonly number[] {
    const chosen = ports ?? this.#fields.requiredPorts ?? [];
    if (chosen.length === 0) return [this.portOf(undefined)];
    return chosen.map((port) => parsePort(port, ports === undefined ? "requiredPorts" : "ports"));
  }

  // Parsed when a field has changed: this is on the path of every request.
  #current(): ReadPolicy {
    const { sleepAfter, stopGrace } = this.#fields;
    if (this.#read?.sleepAfter === sleepAfter && this.#read.stopGrace === stopGrace) {
      return this.#read;
    }
    let fault: unknown;
    const read = (field: "sleepAfter" | "stopGrace", otherwiseMs: number): number => {
      try {
        return parseDuration(this.#fields[field], field);
      } catch (error) {
        fault ??= error;
        return otherwiseMs;
      }
    };
    const policy = {
      sleepAfterMs: read("sleepAfter", DEFAULT_SLEEP_AFTER_MS),
      stopGraceMs: read("stopGrace", DEFAULT_STOP_GRACE_MS),
    };
    return (this.#read = { sleepAfter, stopGrace, policy, fault });
  }
}

/** A property of the start options; the runtime minds keys that are there without a value. */
function unlessEmpty<Key extends string, Value extends object>(
  key: Key,
  value: Value | undefined,
): { [key in Key]?: Value } | undefined {
  if (value === undefined || Object.keys(value).length === 0) return undefined;
  return { [key]: value } as { [key in Key]: Value };
}
