import { existsSync } from "node:fs";

import { beforeAll, describe, expect, it } from "vitest";

import { escapeAttempts } from "./escape-attempts.ts";
import { runAs, testUsers } from "./run-as.ts";

const anyHost = {
  secretFile: "/secret",
  socketFile: "/socket",
  abstractSocket: "x",
  tcpPort: 1,
  enginePid: 1,
  otherWritableDir: "/other",
  device: [1, 1],
} as const;
const names = [
  ...escapeAttempts(anyHost).map(({ name }) => name),
  "runs an image's tools with the sandbox's rights",
  "writes through links in an archive",
];

describe.each(testUsers)("a container of an engine that runs as $name", (user) => {
  if (user.obstacle !== undefined) {
    it.skip(`never escapes (skipped: ${user.obstacle})`);
    return;
  }
  let results: ReadonlyMap<string, string>;
  let privilege: unknown;

  beforeAll(async () => {
    const value = await runAs(user, "./escape-runner.ts");
    if (typeof value !== "object" || value === null) throw new TypeError("no results");
    const report = { results: {}, privilege: "", ...value };
    privilege = report.privilege;
    results = new Map(Object.entries(report.results).map(([name, text]) => [name, String(text)]));
  });

  it("is made the way that user's rights allow", () => {
    expect(privilege).toBe(user.name === "root" ? "root" : "user-namespace");
  });

  it.each(names)("never %s", (name) => {
    const output = results.get(name) ?? "not tried";
    expect(output).toContain("tried");
    expect(output).not.toContain("ESCAPED");
    expect(output).not.toContain("not tried");
  });

  it("leaves the host's programs as they are", () => {
    const files = ["/usr/bin/berth-evil", "/opt/berth-evil", "/etc/berth-evil"];
    expect(files.filter((file) => existsSync(file))).toEqual([]);
  });
});
