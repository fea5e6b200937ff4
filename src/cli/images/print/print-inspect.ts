import type { ImageConfig } from "../../../images/image-store.ts";
import { formatBytes } from "../../../images/format-bytes.ts";
import { formatTable } from "../format-table.ts";
import type { InspectReport, LayerReport, LocalReport, RemoteReport } from "../inspect-action.ts";

/** Writes what there is to know of an image. */
export function printInspect(report: InspectReport): readonly string[] {
  return report.kind === "store" ? printLocal(report) : printRemote(report);
}

function printLocal(report: LocalReport): readonly string[] {
  const { id, tags, createdAt, sizeBytes, base, config, layers, files } = report;
  const under = base === "host" ? "on this host's files: not to be pushed" : "complete";
  return [
    `image       ${tags.length > 0 ? tags.join(", ") : "<none>"}`,
    `id          ${id}`,
    `created     ${createdAt}`,
    `size        ${formatBytes(sizeBytes)}, ${under}`,
    ...printConfig(config),
    ...printLayers(layers),
    ...(files === undefined ? [] : ["", "Largest files"]),
    ...formatTable(
      (files ?? []).map(({ path, sizeBytes: bytes, isHidden, layer }) => [
        `  ${formatBytes(bytes)}`,
        path,
        `in ${layer}${isHidden ? ", hidden by a layer above" : ""}`,
      ]),
    ),
  ];
}

function printRemote(report: RemoteReport): readonly string[] {
  const { reference, digest, packedBytes, layers, config } = report;
  return [
    `image       ${reference}`,
    `digest      ${digest}`,
    `size        ${formatBytes(packedBytes)} packed`,
    ...printLayers(layers),
    "",
    "Configuration",
    ...JSON.stringify(config, undefined, 2)
      .split("\n")
      .map((line) => `  ${line}`),
  ];
}

function printConfig(config: ImageConfig): readonly string[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["entrypoint", toJson(config.entrypoint)],
    ["cmd", toJson(config.cmd)],
    ["directory", config.workingDir],
    ["user", config.user],
    ["ports", config.exposedPorts.join(", ")],
    ["stop signal", config.stopSignal],
    ...Object.entries(config.env).map(([name, value]) => ["env", `${name}=${value}`] as const),
    ...Object.entries(config.labels).map(([name, value]) => ["label", `${name}=${value}`] as const),
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name.padEnd(11)} ${value}`);
}

function toJson(words: readonly string[]): string {
  return words.length === 0 ? "" : JSON.stringify(words);
}

function printLayers(layers: readonly LayerReport[]): readonly string[] {
  const rows = layers.map(({ name, sizeBytes }) => [`  ${formatBytes(sizeBytes)}`, name]);
  return ["", "Layers, lowest first", ...formatTable(rows)];
}
