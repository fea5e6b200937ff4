import { formatBytes } from "../../../images/format-bytes.ts";
import { formatTable } from "../format-table.ts";
import type { PruneReport } from "../prune-action.ts";

/** Writes what nothing uses, and how to be rid of it. */
export function printPrune(report: PruneReport): readonly string[] {
  const { from, isDryRun, removed, freedBytes, kept } = report;
  const place = from === "store" ? "the store" : from;
  const why = kept.flatMap(({ name, usedBy }) => usedBy.map((use) => `kept ${name}: ${use}`));
  if (removed.length === 0) return [...why, `nothing in ${place} is unused`];
  const rows = removed.map(({ name, sizeBytes }) => [`  ${formatBytes(sizeBytes)}`, name]);
  const freed = formatBytes(freedBytes);
  return [
    ...why,
    isDryRun ? `would delete from ${place}:` : `deleted from ${place}:`,
    ...formatTable(rows),
    isDryRun ? `${freed} would be free; delete it with --yes` : `${freed} are free`,
  ];
}
