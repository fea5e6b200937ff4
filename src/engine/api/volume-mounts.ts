import { EngineError } from "../engine-error.ts";
import { isJsonObject, stringField, stringListField, type JsonObject } from "./json-fields.ts";

/** A volume at a place of a container's file system. */
export interface VolumeMount {
  /** The volume's name. */
  readonly volume: string;
  /** An absolute path inside. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

/**
 * Reads the volumes of a HostConfig, as workerd asks for them for snapshots of directories.
 *
 * @throws {EngineError} NOT_SUPPORTED for what is not a volume: no path of the host is ever mounted
 */
export function parseVolumeMounts(hostConfig: JsonObject): readonly VolumeMount[] {
  const binds = (stringListField(hostConfig, "Binds") ?? []).map(parseBind);
  const mounts = hostConfig["Mounts"];
  return [...binds, ...(Array.isArray(mounts) ? mounts.map(parseMount) : [])];
}

function parseBind(text: string): VolumeMount {
  const [volume = "", target = "", options = ""] = text.split(":");
  return check({ volume, target, isReadOnly: options.split(",").includes("ro") }, text);
}

function parseMount(value: unknown): VolumeMount {
  const mount = isJsonObject(value) ? value : {};
  const isVolume = mount["Type"] === "volume";
  const volume = isVolume ? (stringField(mount, "Source") ?? "") : "";
  const target = stringField(mount, "Target") ?? "";
  const isReadOnly = mount["ReadOnly"] === true;
  return check({ volume, target, isReadOnly }, JSON.stringify(value) ?? "");
}

function check(mount: VolumeMount, text: string): VolumeMount {
  const { volume, target } = mount;
  const isInside = target.startsWith("/") && !/(^|\/)\.\.(\/|$)/.test(target);
  if (/^[\w][\w.-]*$/.test(volume) && isInside && /[^/]/.test(target) && !target.includes("\0"))
    return mount;
  throw new EngineError(
    "NOT_SUPPORTED",
    `Cannot mount ${text.slice(0, 100)}: give a volume's name and an absolute path inside; ` +
      "paths of the host are not mounted",
  );
}
