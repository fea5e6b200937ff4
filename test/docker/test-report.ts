import { stripVTControlCharacters } from "node:util";

/** How a test ended. */
export interface Outcome {
  /** The file, without its folders. */
  readonly file: string;
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** The first line of its error, when it failed. */
  readonly error: string;
}

/** What Vitest's JSON reporter writes, as far as it is read. */
export interface JsonReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Reads the outcome of each test; a file that failed as a whole is one outcome, without a name. */
export function readOutcomes({ testResults }: JsonReport): readonly Outcome[] {
  return testResults.flatMap(({ name: path, message = "", assertionResults }) => {
    const file = path.slice(path.lastIndexOf("/") + 1);
    const outcomes = assertionResults.map(({ fullName, status, failureMessages }): Outcome => {
      const state = status === "passed" || status === "failed" ? status : "skipped";
      return { file, name: fullName, state, error: firstLine(failureMessages?.[0] ?? "") };
    });
    // A hook that fails is of the file alone.
    if (message === "") return outcomes;
    return [...outcomes, { file, name: "", state: "failed", error: firstLine(message) }];
  });
}

/** Without colours, and what it says before the stack. */
function firstLine(message: string): string {
  const lines = stripVTControlCharacters(message).split("\n");
  return lines.find((line) => line.trim() !== "")?.trim() ?? "";
}

/** A test that fails on Docker. */
export interface Difference extends Outcome {
  /** What it does on the embedded engine. */
  readonly embedded: "passed" | "failed" | "not run";
}

/** Finds what differs: tests that fail on Docker, and how they end on the embedded engine. */
export function compare(
  docker: readonly Outcome[],
  embedded: readonly Outcome[],
): readonly Difference[] {
  return docker
    .filter(({ state }) => state === "failed")
    .map((outcome) => {
      const same = embedded.find(
        ({ file, name }) => file === outcome.file && name === outcome.name,
      );
      return { ...outcome, embedded: embeddedState(outcome, same) };
    });
}

/** A file that has not failed as a whole says nothing of it. */
function embeddedState({ name }: Outcome, same: Outcome | undefined): Difference["embedded"] {
  if (same === undefined) return name === "" ? "passed" : "not run";
  return same.state === "skipped" ? "not run" : same.state;
}
