import { insideCase, type ContractCase, type Observation } from "../contract-case.ts";
import { outcome, toObservation } from "../outcome.ts";

export const storageCases: readonly ContractCase[] = [
  insideCase({
    title: "values come back in the order of their keys, as copies",
    step: async ({ storage }) => {
      const value = { list: [1, 2] };
      storage.kv.put("b", value);
      value.list.push(3);
      await storage.put({ "a:2": "two", "a:1": "one", "a:10": "ten" });
      const list = await storage.list({ prefix: "a:" });
      const last = storage.kv.list({ prefix: "a:", reverse: true, limit: 1 });
      return {
        b: toObservation(storage.kv.get("b")),
        none: toObservation(await storage.get("none")),
        list: [...list.keys()],
        last: [...last].map(([key]) => key),
        deleted: [await storage.delete("a:1"), await storage.delete("a:1")],
      };
    },
    expected: {
      b: { list: [1, 2] },
      none: "undefined",
      list: ["a:1", "a:10", "a:2"],
      last: ["a:2"],
      deleted: [true, false],
    },
  }),
  insideCase({
    title: "a transaction that throws changes nothing",
    step: async ({ storage }) => {
      storage.kv.put("kept", "before");
      const failed = await outcome(() =>
        storage.transactionSync(() => {
          storage.kv.put("kept", "after");
          throw new RangeError("no way");
        }),
      );
      const asynchronous = await outcome(() =>
        storage.transaction(async (transaction) => {
          await transaction.put("kept", "after");
          throw new RangeError("no way");
        }),
      );
      return { failed, asynchronous, kept: storage.kv.get<string>("kept") ?? "" };
    },
    expected: {
      failed: { threw: { name: "RangeError", message: "no way" } },
      asynchronous: { rejected: { name: "RangeError", message: "no way" } },
      kept: "before",
    },
  }),
  insideCase({
    title: "SQL gives rows, columns and counts",
    step: ({ storage: { sql } }) => {
      sql.exec("CREATE TABLE fruit (name TEXT PRIMARY KEY, weight INTEGER)");
      const inserted = sql.exec("INSERT INTO fruit VALUES (?, ?), (?, ?)", "fig", 50, "pear", 180);
      const rows = sql.exec("SELECT * FROM fruit ORDER BY name");
      const raw = sql.exec("SELECT name FROM fruit WHERE weight > ?", 100).raw();
      return toObservation({
        written: inserted.rowsWritten > 0,
        columns: rows.columnNames,
        rows: rows.toArray(),
        raw: [...raw],
        none: sql.exec("SELECT name FROM fruit WHERE 0").columnNames,
        one: sql.exec("SELECT count(*) AS count FROM fruit").one(),
      });
    },
    expected: {
      written: true,
      columns: ["name", "weight"],
      rows: [
        { name: "fig", weight: 50 },
        { name: "pear", weight: 180 },
      ],
      raw: [["pear"]],
      none: ["name"],
      one: { count: 2 },
    },
  }),
  insideCase({
    title: "one() takes exactly one row",
    step: async ({ storage: { sql } }) => {
      const none = await outcome(() => sql.exec("SELECT 1 AS one WHERE 0").one());
      const two = await outcome(() => sql.exec("SELECT 1 AS one UNION SELECT 2").one());
      return { none, two };
    },
    expected: {
      none: {
        threw: {
          name: "Error",
          message: "Expected exactly one result from SQL query, but got no results.",
        },
      },
      two: {
        threw: {
          name: "Error",
          message: "Expected exactly one result from SQL query, but got multiple results.",
        },
      },
    },
  }),
  insideCase({
    title: "SQL that is wrong throws",
    step: async ({ storage: { sql } }) => [
      isError(await outcome(() => sql.exec("SELEC 1"))),
      isError(await outcome(() => sql.exec("SELECT * FROM nothing"))),
      isError(await outcome(() => sql.exec("SELECT ?"))),
    ],
    expected: ["Error", "Error", "Error"],
  }),
];

const isError = (seen: Observation): Observation =>
  Object((Object(seen) as { threw?: unknown }).threw).name as Observation;
