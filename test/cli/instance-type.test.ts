import { describe, expect, it } from "vitest";

import { instanceSize } from "../../src/cli/instance-type.ts";
import { containerOfTag, type ContainerConfig } from "../../src/cli/wrangler-config.ts";

const MIB = 1024 * 1024;
const MB = 1000 * 1000;

describe("instanceSize()", () => {
  // The table of https://developers.cloudflare.com/containers/platform/limits/
  it.each([
    ["lite", 256, 1 / 16, 2000],
    ["dev", 256, 1 / 16, 2000],
    ["basic", 1024, 1 / 4, 4000],
    ["standard", 4096, 1 / 2, 8000],
    ["standard-1", 4096, 1 / 2, 8000],
    ["standard-2", 6144, 1, 12_000],
    ["standard-3", 8192, 2, 16_000],
    ["standard-4", 12_288, 4, 20_000],
    [undefined, 256, 1 / 16, 2000],
    [{ vcpu: 2, memory_mib: 7000, disk_mb: 1 }, 7000, 2, 1],
    [{ vcpu: 2 }, 256, 2, 2000],
  ])("reads %j as %d MiB, %d CPUs and %d MB of disk", (type, memoryMib, vcpu, diskMb) => {
    expect(instanceSize(type)).toEqual({
      memoryBytes: memoryMib * MIB,
      vcpu,
      diskBytes: diskMb * MB,
    });
  });

  it("knows nothing of other names", () => {
    expect(instanceSize("gigantic")).toBeUndefined();
  });
});

describe("containerOfTag()", () => {
  const container = (className: string): ContainerConfig => ({
    className,
    image: undefined,
    size: undefined,
  });
  const containers = [container("App"), container("AppTwo")];

  it.each([
    ["cloudflare-dev/app:1a2b3c4d", "App"],
    ["cloudflare-dev/apptwo:1a2b3c4d", "AppTwo"],
    ["cloudflare-dev/app", "App"],
    ["cloudflare-dev/other:1", undefined],
    ["app:1", undefined],
    ["cloudflare-dev/app/x:1", undefined],
  ])("finds for %s the class %s", (tag, className) => {
    expect(containerOfTag(containers, tag)?.className).toBe(className);
  });
});
