import { expect } from "vitest";
import type { Scenario, Subject } from "./scenarios/scenario.ts";

/** What came of one scenario for one subject; undefined where it went as a user expects. */
export interface MatrixRow {
  readonly number: number;
  readonly title: string;
  readonly faults: readonly (string | undefined)[];
}

/** Plays every scenario with every subject. */
export async function playAll(
  scenarios: readonly Scenario[],
  subjects: readonly Subject[],
): Promise<readonly MatrixRow[]> {
  const rows: MatrixRow[] = [];
  for (const { number, title, run } of scenarios) {
    const faults: (string | undefined)[] = [];
    for (const subject of subjects) faults.push(await faultOf(() => run(subject)));
    rows.push({ number, title, faults });
  }
  return rows;
}

/** The rows as a table of Markdown, with a line of totals. */
export function toMarkdown(rows: readonly MatrixRow[], names: readonly string[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const mark = (fault: string | undefined): string => (fault === undefined ? "yes" : "**no**");
  const totals = names.map((_name, index) => {
    const passed = rows.filter(({ faults }) => faults[index] === undefined).length;
    return `${passed} of ${rows.length}`;
  });
  return [
    line(["", "scenario", ...names]),
    line(["--:", "---", ...names.map(() => ":-:")]),
    ...rows.map(({ number, title, faults }) =>
      line([String(number), title.replaceAll("|", "\\|"), ...faults.map(mark)]),
    ),
    line(["", "**as a user expects**", ...totals]),
  ].join("\n");
}

/** Why scenarios failed, a line each: for whoever runs the comparison. */
export function toReasons(rows: readonly MatrixRow[], names: readonly string[]): string {
  return rows
    .flatMap(({ number, faults }) =>
      faults.flatMap((fault, index) =>
        fault === undefined ? [] : [`${String(number).padStart(3)} ${names[index]}: ${fault}`],
      ),
    )
    .join("\n");
}

async function faultOf(play: () => Promise<void>): Promise<string | undefined> {
  try {
    await play();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return String((error as Error).message).split("\n")[0];
  }
}
