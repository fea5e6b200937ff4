import { describe, expect, it } from "vitest";
import { merge, newReport } from "../swarm/hour-report.ts";
import { runHour } from "../swarm/run-hour.ts";

// A slice of `npm run swarm`, with seeds of its own.
const FIRST_SEED = 1_000_001;
const SLICES = 4;
const HOURS = 10;

describe("A swarm of clients and faults", () => {
  it.each(Array.from({ length: SLICES }, (_, slice) => FIRST_SEED + slice * HOURS))(
    "breaks no invariant in the ten hours from seed %i on",
    async (first) => {
      const report = newReport();
      for (let hour = 0; hour < HOURS; hour += 1) merge(report, await runHour(first + hour));
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ hours: HOURS });
      expect(report.requests).toBeGreaterThanOrEqual(HOURS * 200);
    },
    60_000,
  );

  it("is a pure function of its seed: the same trace, to the byte", async () => {
    const traceOf = async (seed: number): Promise<string> => {
      const lines: string[] = [];
      await runHour(seed, { onLine: (line) => lines.push(line) });
      return lines.join("\n");
    };
    const first = await traceOf(FIRST_SEED);
    const other = await traceOf(FIRST_SEED + 1);
    expect(await traceOf(FIRST_SEED)).toBe(first);
    expect(other).not.toBe(first);
  }, 60_000);
});
