import type { BuildReport } from "../build-action.ts";
import { formatBytes } from "../../../images/format-bytes.ts";
import { printPush } from "./print-push.ts";

/** Writes what came of a build. */
export function printBuild(report: BuildReport): readonly string[] {
  const { id, tags, digest, sizeBytes, packedBytes, layers, output, pushes } = report;
  const count = layers.length === 1 ? "1 layer" : `${layers.length} layers`;
  return [
    `image   ${tags.join(", ")}`,
    `id      ${id}`,
    `digest  ${digest}`,
    `size    ${formatBytes(sizeBytes)} unpacked, ${formatBytes(packedBytes)} packed in ${count}`,
    ...(output === undefined ? [] : [`wrote   ${output}`]),
    ...pushes.flatMap(printPush),
  ];
}
