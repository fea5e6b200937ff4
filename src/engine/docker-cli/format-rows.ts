import { formatTemplate } from "./format-template.ts";

type Columns = readonly (readonly [heading: string, field: string])[];
type Row = Readonly<Record<string, string>>;

/** What a listing command prints: each row by the template, or all of them as one table. */
export function formatRows(
  columns: Columns,
  rows: readonly Row[],
  template: string | undefined,
): readonly string[] {
  if (template === undefined) return [formatTable(columns, rows)];
  return rows.map((row) => formatTemplate(template, row));
}

/** Lines up rows under their headings, three spaces apart, as the docker command does. */
function formatTable(columns: Columns, rows: readonly Row[]): string {
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
