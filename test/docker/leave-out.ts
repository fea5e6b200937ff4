// Before each test that runs on Docker: leaves out what says nothing about it.
import { beforeEach } from "vitest";
import { findReason } from "./not-applicable.ts";

beforeEach((context) => {
  const { fullTestName, file } = context.task;
  const reason = findReason(file.filepath, fullTestName.replaceAll(" > ", " "));
  context.skip(reason !== undefined, reason);
});
