import { describe, expect, it } from "vitest";

import { toDeployOptions, type RawDeployOptions } from "../../../src/cli/deploy/deploy-options.ts";
import { onlyOptions, withoutOptions } from "../../../src/cli/deploy/without-options.ts";

describe("toDeployOptions()", () => {
  it("checks by default, against the limits of the platform", () => {
    expect(toDeployOptions({}, ["--minify"], "/project")).toEqual({
      builder: "berth",
      checks: "check",
      accountLimitBytes: 50e9,
      diskBytes: undefined,
      runNetwork: "internet",
      imagesDir: undefined,
      isDryRun: false,
      isContainerless: false,
      wranglerArgs: ["--minify"],
      projectDir: "/project",
    });
  });

  it("reads what is given", () => {
    const limits = { accountLimit: "1.5 GB", diskLimit: "500mb" };
    const raw = { builder: "docker", force: true, network: "none", imagesDir: "i" } as const;
    const args = ["--cwd=app", "--containers-rollout", "none"];
    expect(toDeployOptions({ ...raw, ...limits }, args, "/project")).toMatchObject({
      builder: "docker",
      checks: "force",
      accountLimitBytes: 1.5e9,
      diskBytes: 500e6,
      runNetwork: "none",
      imagesDir: "/project/i",
      isContainerless: true,
      projectDir: "/project/app",
    });
  });

  it.each([
    [["--dry-run"], true],
    [["--dry-run=true"], true],
    [["--dry-run", "--minify"], true],
    [["--dry-run=false"], false],
    [["--dry-run", "false"], false],
    [["--minify"], false],
  ])("reads wrangler's dry run in %j: %s", (args, expected) => {
    expect(toDeployOptions({}, args, "/").isDryRun).toBe(expected);
  });

  it.each<[RawDeployOptions, string]>([
    [{ builder: "kaniko" }, "--builder kaniko"],
    [{ diskLimit: "8" }, "--disk-limit 8; write it as 8GB"],
    [{ accountLimit: "0GB" }, "--account-limit 0GB"],
  ])("refuses %j", (raw, message) => {
    expect(() => toDeployOptions(raw, [], "/")).toThrow(`[BAD_OPTION] Cannot use ${message}`);
  });
});

describe("withoutOptions()", () => {
  it.each([
    [
      ["-c", "a", "--minify", "--config=b", "--config", "c", "x"],
      ["--minify", "x"],
    ],
    [["--configured", "-c"], ["--configured"]],
    [
      ["x", "--", "-c", "a"],
      ["x", "--", "-c", "a"],
    ],
  ])("makes of %j %j", (args, expected) => {
    expect(withoutOptions(args, ["--config", "-c"])).toEqual(expected);
  });
});

describe("onlyOptions()", () => {
  it.each([
    [
      ["-c", "a", "--minify", "--env=b", "x", "--", "-c", "d"],
      ["-c", "a", "--env=b"],
    ],
    [
      ["a", "-c", "a", "a"],
      ["-c", "a"],
    ],
    [["-c"], ["-c"]],
    [["--minify"], []],
  ])("makes of %j %j", (args, expected) => {
    expect(onlyOptions(args, ["--env", "-c"])).toEqual(expected);
  });
});
