import { formatBytes } from "../../../images/format-bytes.ts";
import { formatTable } from "../format-table.ts";
import type { ListedImage, ListReport } from "../list-action.ts";
import { shortDigest } from "../short-digest.ts";

/** Writes what there is; `createdAt` is shown to the minute. */
export function printList(report: ListReport): readonly string[] {
  switch (report.kind) {
    case "tags":
      return report.tags.map((tag) => `${report.repository}:${tag}`);
    case "repositories":
      return report.names.map((name) => `${report.host}/${name}`);
    case "store":
      return formatTable([["IMAGE", "ID", "CREATED", "SIZE"], ...report.images.flatMap(toRows)]);
  }
}

function toRows(image: ListedImage): readonly (readonly string[])[] {
  const { id, tags, createdAt, sizeBytes, base } = image;
  const created = createdAt.slice(0, "2026-01-01T00:00".length).replace("T", " ");
  const size = formatBytes(sizeBytes) + (base === "host" ? " on this host's files" : "");
  const names = tags.length > 0 ? tags : ["<none>"];
  return names.map((name) => [name, shortDigest(id), created, size]);
}
