import { parseDuration, type Duration } from "../core/duration.ts";
import { DEFAULT_POLICY, type Policy } from "../core/lifecycle/policy.ts";
import { parsePort } from "../core/port.ts";
import { parseCheck } from "../core/readiness/parse-check.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import type { Environment } from "../core/environment/check-environment.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";
import { checkRecycle, type Recycle } from "./deploy-watch.ts";
import { readLiveness, type Liveness } from "./liveness-watch.ts";
import { readPolicy, type PolicyFields } from "./read-policy.ts";
import { RunEnvironment, type ResolveEnv } from "./run-environment.ts";
import type { ImageFields, PlannedOptions } from "./start-planner.ts";
import { StartSettings } from "./start-settings.ts";
import { systemClock } from "./system-clock.ts";

/** The fields of a container class that are settings. */
export interface SettingFields
  extends
    Omit<ContainerStartConfigOptions, keyof ImageFields | "snapshot">,
    ImageFields,
    PolicyFields {
  readonly recycle: Recycle;
  readonly defaultPort?: number;
  readonly requiredPorts?: readonly number[];
  readonly allowedPorts?: readonly number[] | "any";
  readonly ready?: ReadinessCheck;
  readonly liveness?: Liveness | false;
  readonly resolveEnv?: ResolveEnv;
}

/** What the fields of a class mean. Read anew at each call: a class may change them at any time. */
export class ClassSettings {
  /** What callers of `start()` set in place of the fields. */
  readonly starts = new StartSettings();
  /** What containers are started with, secrets included. */
  readonly environment: RunEnvironment;
  readonly #fields: SettingFields;
  readonly #optionVars: Record<string, string> | undefined;
  readonly #isClosed: () => boolean;
  #seen: readonly unknown[] = [];
  #policy: Policy = DEFAULT_POLICY;
  #fault: unknown;

  /**
   * @param optionVars environment from the constructor's options; fields win key by key
   * @param isClosed whether the container reaches the internet through the Worker only
   */
  constructor(
    fields: SettingFields,
    optionVars: Record<string, string> | undefined,
    isClosed: () => boolean,
  ) {
    this.#fields = fields;
    const source = {
      staticVars: () => (this.starts.current?.envVars ? {} : this.classVars),
      callerVars: () => this.starts.current?.envVars ?? {},
      resolver: () => fields.resolveEnv,
    };
    this.environment = new RunEnvironment(source, systemClock);
    this.#optionVars = optionVars;
    this.#isClosed = isClosed;
  }

  /** The class's own environment, without what is resolved for a run. */
  get classVars(): Environment {
    return { ...this.#optionVars, ...this.#fields.envVars };
  }

  /**
   * The settings. Never throws, since alarms and stops need them, whatever the class says: one
   * that cannot be read counts as its default, and {@link ClassSettings.check} tells callers.
   */
  policy(): Policy {
    this.#read();
    return this.#policy;
  }

  /** @throws {ContainerError} `INVALID_DURATION`, `INVALID_CONFIG` when a setting cannot be read */
  check(): void {
    this.#read();
    if (this.#fault instanceof Error) throw this.#fault;
    const { ready, liveness, recycle } = this.#fields;
    checkRecycle(recycle);
    if ("resolveEnv" in Object.getPrototypeOf(this.#fields)) throw openResolver();
    if (ready !== undefined) parseCheck(ready, "ready");
    if (liveness !== undefined && liveness !== false) {
      readLiveness(liveness);
      if (liveness.check !== undefined) parseCheck(liveness.check, "liveness.check");
    }
  }

  /** Whether the run that begins now is to reach the internet, if egress rules leave it a way. */
  get isInternetWanted(): boolean {
    return this.starts.current?.enableInternet ?? this.#fields.enableInternet ?? true;
  }

  /** What `ctx.container.start()` is given for the run that begins now, and that was planned. */
  startOptions(planned: PlannedOptions): ContainerStartupOptions {
    const fields = this.#fields;
    const own = this.starts.current;
    return {
      enableInternet: this.isInternetWanted && !this.#isClosed(),
      ...unlessEmpty("env", this.environment.current),
      ...unlessEmpty("entrypoint", own?.entrypoint ?? fields.entrypoint),
      ...unlessEmpty("labels", own?.labels ?? fields.labels),
      ...planned,
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
      `Cannot choose a port of ${this.#name}: set defaultPort in the class, or use switchPort(request, port)`,
    );
  }

  /**
   * Checks a port that came with a request from outside of the class.
   *
   * @throws {ContainerError} `PORT_NOT_ALLOWED` when the class does not name it
   */
  checkAllowed(port: number | undefined): void {
    const { defaultPort, requiredPorts = [], allowedPorts = [] } = this.#fields;
    if (port === undefined || allowedPorts === "any") return;
    if ([defaultPort, ...requiredPorts, ...allowedPorts].includes(port)) return;
    throw new ContainerError(
      "PORT_NOT_ALLOWED",
      `Cannot send a request to port ${port} of ${this.#name}: the class does not name it; set allowedPorts = [${port}], or "any"`,
      { details: { port } },
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

  /**
   * Reads a duration that a caller gave.
   *
   * @throws {ContainerError} `INVALID_DURATION`
   */
  durationMs(value: Duration | undefined, field: string, otherwiseMs: number): number {
    return value === undefined ? otherwiseMs : parseDuration(value, field);
  }

  get #name(): string {
    return this.#fields.constructor.name;
  }

  // Parsed when a field has changed: this is on the path of every request.
  #read(): void {
    const seen = this.#seen;
    const fields = rawFields(this.#fields);
    if (seen.length === fields.length && fields.every((value, i) => value === seen[i])) return;
    this.#seen = fields;
    this.#fault = undefined;
    this.#policy = readPolicy(this.#fields, (fault) => {
      this.#fault ??= fault;
    });
  }
}

function openResolver(): ContainerError {
  return new ContainerError(
    "INVALID_CONFIG",
    "Cannot use resolveEnv: it is a method, which whoever has the stub can call to read its secrets; make it a field: resolveEnv = async () => ({ … })",
  );
}

function rawFields(fields: PolicyFields): readonly unknown[] {
  return [
    fields.sleepAfter,
    fields.drain,
    fields.stopGrace,
    fields.requestTimeout,
    fields.idleStreamTimeout,
    fields.idleSocketTimeout,
    fields.maxLifetime,
    fields.maxRunsPerHour,
    fields.budget?.runSecondsPerDay,
    fields.persist,
    ...Object.values<unknown>({ ...fields.startup }),
  ];
}

/** A property of the start options; the runtime minds keys that are there without a value. */
function unlessEmpty<Key extends string, Value extends object>(
  key: Key,
  value: Value | undefined,
): { [key in Key]?: Value } | undefined {
  if (value === undefined || Object.keys(value).length === 0) return undefined;
  return { [key]: value } as { [key in Key]: Value };
}
