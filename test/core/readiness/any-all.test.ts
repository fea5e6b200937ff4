import { describe, expect, it } from "vitest";
import { all } from "../../../src/core/readiness/all.ts";
import { any } from "../../../src/core/readiness/any.ts";
import type { ReadinessCheck } from "../../../src/core/readiness/readiness-check.ts";
import { ContainerError } from "../../../src/errors/container-error.ts";
import { probeOf } from "./probe-stand-in.ts";

const probe = probeOf({});
const yes: ReadinessCheck = () => true;
const no: ReadinessCheck = async () => false;
const never: ReadinessCheck = () => new Promise(() => {});
const broken: ReadinessCheck = () => {
  throw new Error("Container is not listening to port 1");
};
const hopeless: ReadinessCheck = async () => {
  throw new ContainerError("START_FAILED", "The migration failed");
};

describe("any()", () => {
  it.each([
    [[yes], true],
    [[no], false],
    [[no, yes], true],
    [[broken, yes], true],
    [[no, broken], false],
    [[never, yes], true],
  ])("decides case %#", async (checks, expected) => {
    expect(await any(...checks)(probe)).toBe(expected);
  });
});

describe("all()", () => {
  it.each([
    [[yes], true],
    [[no], false],
    [[yes, yes], true],
    [[yes, no], false],
    [[yes, broken], false],
    [[never, no], false],
  ])("decides case %#", async (checks, expected) => {
    expect(await all(...checks)(probe)).toBe(expected);
  });
});

describe.each([
  ["any", any],
  ["all", all],
])("%s()", (name, combine) => {
  it("nests", async () => {
    expect(await combine(any(no, yes), all(yes, any(yes)))(probe)).toBe(true);
  });

  it("ends with the last word of one of its checks", async () => {
    await expect(combine(never, hopeless)(probe)).rejects.toThrow("[START_FAILED]");
  });

  it("refuses to be empty", () => {
    expect(() => combine()).toThrow(`Cannot use ${name}(): there are no checks in it`);
  });

  it("refuses what is no check, and says which one", () => {
    const make = Reflect.apply(combine.bind, combine, [undefined, yes, "/healthz"]);
    expect(make).toThrow(`[INVALID_CONFIG] Cannot use check 2 of ${name}(): "/healthz"`);
    const details = { field: `check 2 of ${name}()` };
    expect(make).toThrow(expect.objectContaining({ details }));
  });
});
