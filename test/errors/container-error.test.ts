import { describe, expect, it } from "vitest";
import { CODES, codeFacts, isCode } from "../../src/errors/codes.ts";
import { ContainerError, errorCode, isContainerError } from "../../src/errors/container-error.ts";

describe("ContainerError", () => {
  it("starts its message with its code and takes status and retryable from it", () => {
    const cause = new Error("inner");
    const error = new ContainerError("MAX_INSTANCES", "Cannot start: all are busy", {
      cause,
      details: { running: 3 },
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "ContainerError",
      message: "[MAX_INSTANCES] Cannot start: all are busy",
      code: "MAX_INSTANCES",
      status: 503,
      retryable: true,
      retryAfterMs: 10_000,
      details: { running: 3 },
      cause,
    });
    expect(Object.isFrozen(error.details)).toBe(true);
  });

  it("has no retryAfterMs when trying again cannot help, and no cause when none is given", () => {
    const error = new ContainerError("INVALID_PORT", "Cannot use port: 0");
    expect(error.retryAfterMs).toBeUndefined();
    expect("cause" in error).toBe(false);
  });

  it("lets the thrower know better", () => {
    const error = new ContainerError("RUNTIME_ERROR", "x", { retryAfterMs: 5 });
    expect(error).toMatchObject({ retryable: true, retryAfterMs: 5 });
  });
});

describe("CODES", () => {
  it.each(Object.keys(CODES).filter(isCode))("%s has an error status", (code) => {
    expect(codeFacts(code).status).toBeGreaterThanOrEqual(400);
    expect(codeFacts(code).status).toBeLessThan(600);
  });
});

describe("errorCode()", () => {
  it("reads the code of an error that kept nothing but its message", () => {
    const { message } = new ContainerError("EXITED", "Cannot answer: the container ended");
    expect(errorCode(new Error(message))).toBe("EXITED");
    expect(errorCode(new Error(`ContainerError: ${message}`))).toBe("EXITED");
    expect(errorCode(new Error(`Error: ContainerError: ${message}`))).toBe("EXITED");
  });

  it.each([
    new Error("[NOT_OURS] Cannot"),
    new Error("see [EXITED] above"),
    new Error("[toString] x"),
    Object.assign(new Error("not found"), { code: "EXITED" }),
    "[EXITED] a string",
    undefined,
  ])("returns undefined for %s", (error) => {
    expect(errorCode(error)).toBeUndefined();
  });
});

describe("isContainerError()", () => {
  it("tells ours from others, and one code from another", () => {
    const error = new ContainerError("NO_PORT", "x");
    expect(isContainerError(error)).toBe(true);
    expect(isContainerError(error, "NO_PORT")).toBe(true);
    expect(isContainerError(error, "EXITED")).toBe(false);
    expect(isContainerError(new Error("x"))).toBe(false);
  });
});
