import type { SqlResult, SqlRow, SqlValue } from "./sql-database.ts";

/** The rows of a statement as `sql.exec()` gives them: whoever takes one leaves the rest. */
export function sqlCursor({ rows, columnNames, rowsWritten }: SqlResult): object {
  let taken = 0;
  const next = (): IteratorResult<SqlRow> => {
    const value = rows[taken];
    if (value === undefined) return { done: true, value: undefined };
    taken += 1;
    return { done: false, value };
  };
  const rest = (): SqlRow[] => {
    const left = rows.slice(taken);
    taken = rows.length;
    return left;
  };
  return {
    next,
    toArray: rest,
    one: () => onlyOf(rest()),
    raw: function* raw(): Generator<SqlValue[]> {
      for (let row = next(); row.done !== true; row = next()) yield Object.values(row.value);
    },
    columnNames,
    get rowsRead(): number {
      return taken;
    },
    rowsWritten,
    [Symbol.iterator]() {
      return this;
    },
  };
}

function onlyOf(rows: readonly SqlRow[]): SqlRow {
  const [row] = rows;
  if (row !== undefined && rows.length === 1) return row;
  const found = row === undefined ? "no results" : "multiple results";
  throw new Error(`Expected exactly one result from SQL query, but got ${found}.`);
}
