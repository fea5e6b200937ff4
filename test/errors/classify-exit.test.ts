import { describe, expect, it } from "vitest";
import { classifyExit } from "../../src/errors/classify-exit.ts";
import { EXITS } from "./corpus.ts";

describe("classifyExit()", () => {
  it("returns code 0 when monitor() resolves", () => {
    expect(classifyExit({ ok: true })).toEqual({ exitCode: 0, cause: "exit" });
  });

  it.each(EXITS)("reads $cause, $exitCode from: $text", ({ text, exitCode, cause }) => {
    const exit = classifyExit({ ok: false, error: new Error(text) });
    expect(exit).toMatchObject({ exitCode, cause });
    expect(exit.fault === undefined).toBe(cause !== "admission" && cause !== "unknown");
  });

  it("prefers the property exitCode to the text", () => {
    const error = Object.assign(new Error("Container exited with unexpected exit code: 1"), {
      exitCode: 42,
    });
    expect(classifyExit({ ok: false, error })).toEqual({
      exitCode: 42,
      cause: "exit",
    });
  });

  it("calls the error given to destroy() unknown, since only its caller knows", () => {
    const exit = classifyExit({
      ok: false,
      error: new Error("stopping for the night"),
    });
    expect(exit).toMatchObject({ exitCode: null, cause: "unknown" });
    expect(exit.fault?.text).toBe("stopping for the night");
  });
});
