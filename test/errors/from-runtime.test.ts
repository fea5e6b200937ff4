import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerError } from "../../src/errors/container-error.ts";
import { classifyRuntimeError, toContainerError } from "../../src/errors/from-runtime.ts";
import { EXPECTED, FOREIGN, LOCAL, PRODUCTION, WRAPPED } from "./corpus.ts";

describe("classifyRuntimeError()", () => {
  it.each([...LOCAL, ...PRODUCTION, ...EXPECTED, ...WRAPPED])(
    "reads $code from: $text",
    ({ text, code }) => {
      expect(classifyRuntimeError(new Error(text))).toBe(code);
      expect(classifyRuntimeError(text.toUpperCase())).toBe(code);
    },
  );

  it.each(FOREIGN)("knows nothing of: %s", (text) => {
    expect(classifyRuntimeError(new Error(text))).toBe("RUNTIME_ERROR");
    expect(toContainerError(new Error(text), "answer").retryable).toBe(false);
  });

  it("takes the flag retryable where it has no opinion of its own", () => {
    const error = Object.assign(new Error("no words for it"), {
      retryable: true,
    });
    expect(classifyRuntimeError(error)).toBe("UNAVAILABLE");
    expect(toContainerError(error, "answer").retryable).toBe(true);
  });

  it("prefers the flag overloaded to the text and to the flag retryable, and has callers wait", () => {
    const error = Object.assign(new Error("Network connection lost."), {
      retryable: true,
      overloaded: true,
    });
    expect(classifyRuntimeError(error)).toBe("OVERLOADED");
    expect(toContainerError(error, "answer").retryAfterMs).toBe(10_000);
  });

  it("takes the abort of a signal for aborted, whatever the reason's text", () => {
    const aborted = AbortSignal.abort();
    expect(classifyRuntimeError(aborted.reason)).toBe("ABORTED");
    expect(classifyRuntimeError(new DOMException("too slow", "TimeoutError"))).toBe("ABORTED");
  });

  it("looks into causes, and ends when an error is its own cause", () => {
    const wrapped = new Error("fetch failed", {
      cause: new Error("Network connection lost."),
    });
    expect(classifyRuntimeError(wrapped)).toBe("CONNECTION_LOST");
    const loop = new Error("loop");
    loop.cause = loop;
    expect(classifyRuntimeError(loop)).toBe("RUNTIME_ERROR");
  });

  it("answers for anything that can be thrown", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(toContainerError(thrown, "answer").message).toMatch(/^\[[A-Z_]+\] Cannot answer: /);
      }),
    );
  });
});

describe("toContainerError()", () => {
  it("returns one of this library as it is", () => {
    const error = new ContainerError("NO_PORT", "Cannot proxy: no port; set defaultPort");
    expect(toContainerError(error, "answer")).toBe(error);
  });

  it("gives an error that crossed RPC its code back", () => {
    const crossed = new Error(
      new ContainerError("PORT_TIMEOUT", "Cannot reach port 80: closed").message,
    );
    const error = toContainerError(crossed, "answer");
    expect(error).toMatchObject({
      code: "PORT_TIMEOUT",
      status: 503,
      message: crossed.message,
    });
  });

  it("says what failed and keeps the runtime's error as cause", () => {
    const cause = new Error("Network connection lost.");
    const error = toContainerError(cause, "proxy to port 8080");
    expect(error).toMatchObject({
      code: "CONNECTION_LOST",
      status: 502,
      cause,
    });
    expect(error.message).toBe(
      "[CONNECTION_LOST] Cannot proxy to port 8080: Network connection lost.",
    );
  });
});
