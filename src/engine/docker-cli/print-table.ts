/** Lines up rows under their headings, three spaces apart, as the docker command does. */
export function formatTable(
  columns: readonly (readonly [heading: string, field: string])[],
  rows: readonly Readonly<Record<string, string>>[],
): string {
  const cells = [
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, field]) => row[field] ?? "")),
  ];
  const widths = columns.map((_column, index) =>
    Math.max(...cells.map((row) => row[index]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd((widths[index] ?? 0) + 3))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}
