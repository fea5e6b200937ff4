import type { LoadReport, SaveReport } from "../file-actions.ts";
import { formatBytes } from "../../../images/format-bytes.ts";
import type { ArrivedImage, PullReport } from "../pull-action.ts";

/** Writes what was pulled. */
export function printPull(report: PullReport): readonly string[] {
  return [...printArrived(report), `digest  ${report.digest}`];
}

/** Writes what was loaded. */
export function printLoad({ path, images }: LoadReport): readonly string[] {
  return images.length === 0 ? [`${path} holds no image`] : images.flatMap(printArrived);
}

/** Writes what was saved. */
export function printSave({ output, digest }: SaveReport): readonly string[] {
  return [`wrote   ${output}`, `digest  ${digest}`];
}

function printArrived({ id, tags, sizeBytes }: ArrivedImage): readonly string[] {
  const name = tags.length > 0 ? tags.join(", ") : "<none>";
  return [`image   ${name}`, `id      ${id}`, `size    ${formatBytes(sizeBytes)} unpacked`];
}
