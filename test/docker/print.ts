import type { Figures } from "./figures.ts";
import { notApplicable } from "./not-applicable.ts";
import type { Difference, Outcome } from "./test-report.ts";

const LINES: readonly (readonly [keyof Figures, string])[] = [
  ["firstAnswer", "start to first answer"],
  ["restart", "restart after an exit"],
  ["exec", 'exec(["true"])'],
  ["killSeen", "SIGKILL seen by monitor()"],
];

/** What the run found, as Markdown. */
export function toReport(
  version: string,
  outcomes: readonly Outcome[],
  differences: readonly Difference[],
): string {
  const passed = outcomes.filter(({ state }) => state === "passed").length;
  const onDockerAlone = differences.filter(({ embedded }) => embedded === "passed");
  const others = differences.filter(({ embedded }) => embedded !== "passed");
  return [
    `Docker ${version}: ${passed} tests pass, ${differences.length} fail.`,
    "",
    `Not applicable:`,
    ...notApplicable.map(({ file, name, reason }) => {
      const scope = name === undefined ? file : `${file}: ${name.trim()} …`;
      return `- ${scope}: ${reason}`;
    }),
    "",
    ...table("Pass on the embedded engine and fail on Docker", onDockerAlone),
    ...(others.length === 0 ? [] : ["", ...table("Fail on Docker, and not only there", others)]),
  ].join("\n");
}

/** Figures of both engines side by side: the median, the smallest and the largest. */
export function toFigures(docker: Figures, embedded: Figures): string {
  return [
    "| ms: median (least–most)     | embedded           | Docker             |",
    "| --------------------------- | ------------------ | ------------------ |",
    ...LINES.map(([name, title]) =>
      ["|", title.padEnd(27), "|", spread(embedded[name]), "|", spread(docker[name]), "|"].join(
        " ",
      ),
    ),
  ].join("\n");
}

function table(title: string, differences: readonly Difference[]): readonly string[] {
  if (differences.length === 0) return [`${title}: none`];
  return [
    `${title}: ${differences.length}`,
    "",
    "| test | error |",
    "| ---- | ----- |",
    ...differences.map(
      ({ file, name, error }) =>
        `| ${file}: ${name || "a hook of the file"} | ${error.replaceAll("|", "\\|")} |`,
    ),
  ];
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${round(median)} (${round(least)}–${round(most)})`.padEnd(18);
}

function round(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
