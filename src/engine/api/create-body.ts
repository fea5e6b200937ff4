import { EngineError } from "../engine-error.ts";
import {
  objectField,
  stringField,
  stringListField,
  stringMapField,
  type JsonObject,
} from "./json-fields.ts";
import { parseVolumeMounts, type VolumeMount } from "./volume-mounts.ts";

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
  /** The volumes that it has. */
  readonly mounts: readonly VolumeMount[];
}

/**
 * Checks a create body.
 *
 * RestartPolicy is left out on purpose: production does not restart a container behind the
 * Durable Object's back, and with Docker such a ghost outlives `destroy()`.
 *
 * @throws {EngineError} BAD_REQUEST for wrong types; NOT_SUPPORTED for mounts of paths of the host
 */
export function parseCreateBody(body: JsonObject): CreateBody {
  const image = stringField(body, "Image");
  if (image === undefined) {
    throw new EngineError("BAD_REQUEST", "Cannot create a container: no Image; name one");
  }
  const hostConfig = objectField(body, "HostConfig");
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
    mounts: parseVolumeMounts(hostConfig),
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
