import { EngineError } from "../engine-error.ts";
import {
  objectField,
  stringField,
  stringListField,
  stringMapField,
  type JsonObject,
} from "./json-fields.ts";

/** What `POST /containers/create` asks for, as far as the engine obeys it. */
export interface CreateBody {
  /** The image's reference as written. */
  readonly image: string;
  /** Replaces the image's command. */
  readonly cmd?: readonly string[];
  /** Replaces the image's entrypoint, and drops its command. */
  readonly entrypoint?: readonly string[];
  /** Added to the image's environment; `NAME=value`. */
  readonly env: Readonly<Record<string, string>>;
  /** Labels of the container. */
  readonly labels: Readonly<Record<string, string>>;
  /** Replaces the image's working directory. */
  readonly workingDir?: string;
  /** Replaces the image's user. */
  readonly user?: string;
  /** `container:NAME` joins that container's network. */
  readonly networkMode: string;
  /** The memory limit in bytes, if one is asked for. */
  readonly memoryBytes?: number;
}

/**
 * Checks a create body.
 *
 * RestartPolicy is left out on purpose: production does not restart a container behind the
 * Durable Object's back, and with Docker such a ghost outlives `destroy()`.
 *
 * @throws {EngineError} BAD_REQUEST for wrong types; NOT_SUPPORTED for volumes and bind mounts
 */
export function parseCreateBody(body: JsonObject): CreateBody {
  const image = stringField(body, "Image");
  if (image === undefined) {
    throw new EngineError("BAD_REQUEST", "Cannot create a container: no Image; name one");
  }
  const hostConfig = objectField(body, "HostConfig");
  refuseMounts(hostConfig);
  const cmd = nonEmpty(stringListField(body, "Cmd"));
  const entrypoint = nonEmpty(stringListField(body, "Entrypoint"));
  const workingDir = stringField(body, "WorkingDir");
  const user = stringField(body, "User");
  const memory = hostConfig["Memory"];
  return {
    image,
    env: parseEnv(stringListField(body, "Env") ?? []),
    labels: stringMapField(body, "Labels"),
    networkMode: stringField(hostConfig, "NetworkMode") ?? "default",
    ...(cmd && { cmd }),
    ...(entrypoint && { entrypoint }),
    ...(workingDir !== undefined && { workingDir }),
    ...(user !== undefined && { user }),
    ...(typeof memory === "number" && memory > 0 && { memoryBytes: memory }),
  };
}

/** Turns `NAME=value` entries into an object; an entry without `=` is left out, as in Docker. */
export function parseEnv(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const equals = entry.indexOf("=");
      return equals > 0 ? [[entry.slice(0, equals), entry.slice(equals + 1)] as const] : [];
    }),
  );
}

function nonEmpty(list: readonly string[] | undefined): readonly string[] | undefined {
  return list !== undefined && list.length > 0 ? list : undefined;
}

function refuseMounts(hostConfig: JsonObject): void {
  for (const name of ["Binds", "Mounts"]) {
    const value = hostConfig[name];
    if (!Array.isArray(value) || value.length === 0) continue;
    throw new EngineError(
      "NOT_SUPPORTED",
      `Cannot mount into a container: HostConfig.${name} is ${JSON.stringify(value).slice(0, 100)}; ` +
        "directory snapshots need Docker or Podman, container snapshots work here",
    );
  }
}
