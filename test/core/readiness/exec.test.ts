import { describe, expect, it } from "vitest";
import { exec } from "../../../src/core/readiness/exec.ts";
import { probeOf } from "./probe-stand-in.ts";

const exiting = (code: number) => probeOf({ exec: async () => code });

describe("exec()", () => {
  it("is ready by exit code 0 and by no other", async () => {
    expect(await exec(["true"])(exiting(0))).toBe(true);
    expect(await exec(["true"])(exiting(1))).toBe(false);
    expect(await exec(["true"])(exiting(127))).toBe(false);
  });

  it("is ready by the exit code that it is told", async () => {
    expect(await exec(["true"], { exitCode: 3 })(exiting(3))).toBe(true);
    expect(await exec(["true"], { exitCode: 3 })(exiting(0))).toBe(false);
    expect(await exec(["true"], { exitCode: 255 })(exiting(255))).toBe(true);
  });

  it("runs the command as it was when the check was made", async () => {
    const argv = ["pg_isready", "-q"];
    const check = exec(argv);
    argv.pop();
    const run: (readonly string[])[] = [];
    await check(probeOf({ exec: async (command) => run.push(command) }));
    expect(run).toEqual([["pg_isready", "-q"]]);
  });

  it.each([
    [[], "[]"],
    [[""], '[""]'],
    [["sh", 1], '["sh",1]'],
    ["pg_isready", '"pg_isready"'],
  ])("refuses %j and names it", (argv, text) => {
    const make = Reflect.apply(exec.bind, exec, [undefined, argv]);
    expect(make).toThrow("[INVALID_CONFIG]");
    expect(make).toThrow(text);
  });

  it.each([-1, 256, 1.5, NaN])("refuses the exit code %d", (exitCode) => {
    expect(() => exec(["true"], { exitCode })).toThrow(/INVALID_CONFIG.*0 to 255/);
  });
});
