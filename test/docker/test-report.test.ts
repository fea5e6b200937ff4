import { expect, it } from "vitest";
import { compare, readOutcomes, type JsonReport, type Outcome } from "./test-report.ts";

const report: JsonReport = {
  testResults: [
    {
      name: "/repository/test/e2e/a.test.ts",
      message: "",
      assertionResults: [
        { fullName: "a works", status: "passed", failureMessages: [] },
        { fullName: "a waits", status: "pending" },
        {
          fullName: "a fails",
          status: "failed",
          failureMessages: ["\n\u001B[31mError: no\u001B[39m\n    at a.test.ts"],
        },
      ],
    },
    { name: "/repository/test/e2e/b.test.ts", message: "hook failed\nstack", assertionResults: [] },
  ],
};

it("A report says of each test, and of each file as a whole, how it ended and why", () => {
  expect(readOutcomes(report)).toEqual([
    { file: "a.test.ts", name: "a works", state: "passed", error: "" },
    { file: "a.test.ts", name: "a waits", state: "skipped", error: "" },
    { file: "a.test.ts", name: "a fails", state: "failed", error: "Error: no" },
    { file: "b.test.ts", name: "", state: "failed", error: "hook failed" },
  ]);
});

it("What fails on Docker is set beside the embedded engine", () => {
  const failed = (name: string): Outcome => ({ file: "a", name, state: "failed", error: "no" });
  const docker = [failed("one"), failed("two"), failed("three"), failed("")];
  const embedded: Outcome[] = [
    { file: "a", name: "one", state: "passed", error: "" },
    { file: "a", name: "two", state: "failed", error: "other" },
  ];
  const states = compare([...docker, { ...failed("four"), state: "passed" }], embedded);
  expect(states.map(({ name, embedded: state }) => [name, state])).toEqual([
    ["one", "passed"],
    ["two", "failed"],
    ["three", "not run"],
    ["", "passed"],
  ]);
});
