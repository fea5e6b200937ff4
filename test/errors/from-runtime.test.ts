import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerError } from "../../src/errors/container-error.ts";
import { classifyRuntimeError, toContainerError } from "../../src/errors/from-runtime.ts";
import { EXPECTED, FOREIGN, LOCAL, PRODUCTION, WRAPPED } from "./corpus.ts";

describe("classifyRuntimeError()", () => {
  it.each([...LOCAL, ...PRODUCTION, ...EXPECTED, ...WRAPPED])(
    "reads $kind from: $text",
    ({ text, kind }) => {
      expect(classifyRuntimeError(new Error(text))).toMatchObject({
        kind,
        text,
      });
      expect(classifyRuntimeError(text.toUpperCase()).kind).toBe(kind);
    },
  );

  it.each(FOREIGN)("knows nothing of: %s", (text) => {
    expect(classifyRuntimeError(new Error(text))).toMatchObject({
      kind: "unknown",
      code: "RUNTIME_ERROR",
      retryable: false,
    });
  });

  it("prefers the flag retryable to its own opinion", () => {
    const error = Object.assign(new Error("no words for it"), {
      retryable: true,
    });
    expect(classifyRuntimeError(error)).toMatchObject({
      kind: "transient",
      retryable: true,
    });
  });

  it("never calls an overloaded object retryable, and prefers that flag to the text", () => {
    const error = Object.assign(new Error("Network connection lost."), {
      retryable: true,
      overloaded: true,
    });
    expect(classifyRuntimeError(error)).toMatchObject({
      kind: "overloaded",
      retryable: false,
    });
  });

  it("takes the abort of a signal for aborted, whatever the reason's text", () => {
    const aborted = AbortSignal.abort();
    expect(classifyRuntimeError(aborted.reason).kind).toBe("aborted");
    expect(classifyRuntimeError(new DOMException("too slow", "TimeoutError")).kind).toBe("aborted");
  });

  it("looks into causes, and ends when an error is its own cause", () => {
    const wrapped = new Error("fetch failed", {
      cause: new Error("Network connection lost."),
    });
    expect(classifyRuntimeError(wrapped).kind).toBe("connection-lost");
    const loop = new Error("loop");
    loop.cause = loop;
    expect(classifyRuntimeError(loop).kind).toBe("unknown");
  });

  it("answers for anything that can be thrown", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(typeof classifyRuntimeError(thrown).text).toBe("string");
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
