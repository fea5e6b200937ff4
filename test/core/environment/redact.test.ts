import { describe, expect, it } from "vitest";
import { redact, redactError } from "../../../src/core/environment/redact.ts";

describe("redact()", () => {
  it("names variables in place of their values, the longest first", () => {
    const env = { TOKEN: "abcd", LONG: "abcd-efgh", SHORT: "abc" };
    expect(redact("abcd-efgh, abcd, abcd and abc", env)).toBe("<LONG>, <TOKEN>, <TOKEN> and abc");
  });

  it("knows a value by its form in JSON, too", () => {
    const env = { KEY: 'line "one"\nline two' };
    expect(redact(`refused: ${JSON.stringify({ key: env.KEY })}`, env)).toBe(
      'refused: {"key":"<KEY>"}',
    );
  });

  it("leaves patterns of replacement alone", () => {
    expect(redact("is $&$1", { MONEY: "$&$1" })).toBe("is <MONEY>");
  });
});

describe("redactError()", () => {
  it("leaves a message that others may change as before", () => {
    const shown = redactError(new Error("no s3cret"), { TOKEN: "s3cret" });
    const property = Object.getOwnPropertyDescriptor(shown, "message");
    expect(property).toMatchObject({ value: "no <TOKEN>", writable: true, configurable: true });
  });

  it("cleans message and stack of the same error", () => {
    const error = new Error("cannot use hunter22");
    expect(error.stack).toContain("hunter22"); // V8 writes it when it is first read
    expect(redactError(error, { PASSWORD: "hunter22" })).toBe(error);
    expect(error.message).toBe("cannot use <PASSWORD>");
    expect(error.stack).toContain("cannot use <PASSWORD>");
    expect(error.stack).not.toContain("hunter22");
  });

  it("gives an error without a stack none", () => {
    const error = new Error("cannot use hunter22");
    delete error.stack;
    expect(redactError(error, { PASSWORD: "hunter22" })).toBe(error);
    expect(error.message).toBe("cannot use <PASSWORD>");
    expect(error).not.toHaveProperty("stack");
  });

  it("hands an error on that shows nothing, and may not be written to", () => {
    const error = Object.freeze(new Error("aborted"));
    expect(redactError(error, { PASSWORD: "hunter22" })).toBe(error);
  });

  it("cleans an error whose message is no property of its own", () => {
    const error = new DOMException("cannot use hunter22", "AbortError");
    expect(redactError(error, { PASSWORD: "hunter22" })).toBe(error);
    expect([error.name, error.message]).toEqual(["AbortError", "cannot use <PASSWORD>"]);
  });

  it("cleans a copy of an error that is frozen", () => {
    const error = Object.freeze(new TypeError("cannot use hunter22"));
    const shown = redactError(error, { PASSWORD: "hunter22" });
    expect(shown).toMatchObject({ name: "TypeError", message: "cannot use <PASSWORD>" });
    expect(String(Reflect.get(Object(shown), "stack"))).not.toContain("hunter22");
  });

  it.each([undefined, null, 3])("hands %j on", (thrown) => {
    expect(redactError(thrown, { PASSWORD: "hunter22" })).toBe(thrown);
  });

  it("cleans a text that was thrown", () => {
    expect(redactError("with hunter22", { PASSWORD: "hunter22" })).toBe("with <PASSWORD>");
  });
});
