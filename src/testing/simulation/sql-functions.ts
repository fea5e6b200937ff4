/** What SQL functions that tell the time or draw lots go by. */
export interface SqlHost {
  readonly nowMs: number;
  readonly random: () => number;
}

type SqlFunction = readonly [name: string, work: (...args: never[]) => unknown];

/** Has SQLite itself evaluate a call. */
type Evaluate = (call: string, args: readonly unknown[]) => unknown;

const CLOCKS = ["unixepoch", "julianday", "datetime", "date", "time"];

/**
 * SQLite's own functions that a seed does not decide, by a world: what `"now"` is, and the lots of
 * `random()` and `randomblob()`. Anything else is left to SQLite.
 */
export function sqlFunctions(host: SqlHost, evaluate: Evaluate): readonly SqlFunction[] {
  const present = (): string => new Date(host.nowMs).toISOString().slice(0, 23);
  const call = (name: string, args: readonly unknown[]): unknown =>
    evaluate(
      `${name}(${args.map(() => "?").join()})`,
      args.map((arg) => (arg === "now" ? present() : arg)),
    );
  // SQLite tells functions of one name apart by how many arguments they take.
  const clocks = CLOCKS.flatMap((name): SqlFunction[] => [
    [name, () => call(name, ["now"])],
    [name, (at: unknown) => call(name, [at])],
    [name, (at: unknown, by: unknown) => call(name, [at, by])],
  ]);
  return [
    ...clocks,
    ["strftime", (format: unknown) => call("strftime", [format, "now"])],
    ["strftime", (format: unknown, at: unknown) => call("strftime", [format, at])],
    ["strftime", (format: unknown, at: unknown, by: unknown) => call("strftime", [format, at, by])],
    ["current_timestamp", () => call("datetime", ["now"])],
    ["current_date", () => call("date", ["now"])],
    ["current_time", () => call("time", ["now"])],
    ["random", () => Math.floor((host.random() - 0.5) * 2 ** 53)],
    ["randomblob", (lengthBytes: number) => lots(host, lengthBytes)],
  ];
}

function lots(host: SqlHost, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: Math.max(1, lengthBytes) }, () =>
    Math.floor(host.random() * 256),
  );
}
