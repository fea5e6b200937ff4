import { describe, expect, it } from "vitest";
import { classifyExit } from "../../src/errors/classify-exit.ts";
import { EXITS } from "./corpus.ts";

describe("classifyExit()", () => {
  it.each(EXITS)("reads $cause, $exitCode from: $text", ({ text, exitCode, cause }) => {
    expect(classifyExit(new Error(text))).toEqual({ exitCode, cause });
  });

  it("prefers the property exitCode to the text", () => {
    const error = Object.assign(new Error("Container exited with unexpected exit code: 1"), {
      exitCode: 42,
    });
    expect(classifyExit(error)).toEqual({
      exitCode: 42,
      cause: "exit",
    });
  });

  it("calls the error given to destroy() unknown, since only its caller knows", () => {
    const exit = classifyExit(new Error("stopping for the night"));
    expect(exit).toEqual({ exitCode: null, cause: "unknown" });
  });
});
