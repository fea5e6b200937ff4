import { describe, expect, it } from "vitest";
import { mayReplay } from "../../src/core/replay.ts";

const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"];
const OTHERS = ["POST", "PATCH", "CONNECT", "PURGE", "get"];
const FAILURES = ["unsent", "cut", "timeout"] as const;

describe("mayReplay()", () => {
  it.each([...IDEMPOTENT, ...OTHERS])("repeats %s that the app never got", (method) => {
    expect(mayReplay({ method, isKept: true, failure: "unsent" })).toBe(true);
  });

  it.each(["cut", "timeout"] as const)("repeats after %s only what may run twice", (failure) => {
    const repeated = [...IDEMPOTENT, ...OTHERS].filter((method) =>
      mayReplay({ method, isKept: true, failure }),
    );
    expect(repeated).toEqual(IDEMPOTENT);
  });

  it.each(FAILURES)("repeats nothing whose body is gone: %s", (failure) => {
    for (const method of [...IDEMPOTENT, ...OTHERS]) {
      expect(mayReplay({ method, isKept: false, failure })).toBe(false);
    }
  });
});
