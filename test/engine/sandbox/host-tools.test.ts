import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { findPrivilege } from "../../../src/engine/sandbox/find-privilege.ts";
import { findTool, installCommand, requireTools } from "../../../src/engine/sandbox/host-tools.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-tools-"));
afterAll(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, "busybox"), "");
chmodSync(join(directory, "busybox"), 0o755);
for (const name of ["ip", "unshare"]) symlinkSync("busybox", join(directory, name));

describe("findTool()", () => {
  it("takes BusyBox where its applet suffices and not elsewhere", () => {
    expect(findTool("ip", directory)).toBe(join(directory, "ip"));
    expect(findTool("unshare", directory)).toBeUndefined();
  });
});

describe("requireTools()", () => {
  it("names every missing tool and how to install it", () => {
    expect(() => requireTools(["ip", "unshare", "nsenter", "setpriv"], directory)).toThrow(
      /^\[HOST_TOOL_MISSING\] .*unshare, nsenter, setpriv not found.*install with: .*util-linux/,
    );
  });
});

describe("installCommand()", () => {
  it.each([
    ["/usr/bin/apt", "apt-get install -y iproute2 util-linux"],
    ["/usr/bin/dnf", "dnf install -y iproute util-linux"],
    ["/sbin/apk", "apk add iproute2 util-linux-misc"],
  ])("speaks the language of a host that has %s", (manager, command) => {
    expect(installCommand(["ip", "unshare"], (file) => file === manager)).toBe(command);
  });
});

describe("findPrivilege()", () => {
  it("says what to do where namespaces are forbidden", async () => {
    const refuse = () => Promise.resolve({ exitCode: 1, output: "unshare failed: EPERM\n" });
    await expect(findPrivilege(refuse)).rejects.toThrow(
      /^\[NAMESPACES_FORBIDDEN\] .*EPERM.*--privileged.*--engine docker/,
    );
  });

  it("takes a user namespace where root may do nothing else", async () => {
    const run = (flags: readonly string[]) =>
      Promise.resolve({ exitCode: flags.includes("--user") ? 0 : 1, output: "" });
    expect(await findPrivilege(run)).toBe("user-namespace");
  });
});
