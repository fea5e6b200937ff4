import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");

const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "");

/** Tracked files whose text matches, this one aside: it has to name what it forbids. */
function filesWith(pattern: RegExp): readonly string[] {
  const others = tracked.filter((path) => path !== "test/house/tree.test.ts");
  return others.filter((path) => pattern.test(readFileSync(join(root, path), "utf8")));
}

describe("tracked files", () => {
  it("show only the agreed names at the top", () => {
    const names = new Set(tracked.map((path) => path.split("/")[0] ?? ""));
    const visible = [...names].filter((name) => !name.startsWith("."));
    expect(visible.toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "bench",
      "docs",
      "examples",
      "package-lock.json",
      "package.json",
      "src",
      "test",
      "tsconfig.json",
      "wrangler.jsonc",
    ]);
  });

  it("name no path of the machine that they were written on", () => {
    expect(filesWith(/\/work\/(?:main|shared)\b|\/tmp\/team\b|\/Users\/\w/)).toEqual([]);
  });

  it("name no package registry", () => {
    expect(filesWith(/registry\.npmjs\.org|registry\.yarnpkg\.com|npm\.pkg\.github\.com/)).toEqual(
      [],
    );
  });

  it("leave the registry out of the lockfile", () => {
    expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toContain(
      '"resolved": "http',
    );
  });
});
