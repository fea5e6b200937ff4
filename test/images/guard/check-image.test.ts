import { describe, expect, it } from "vitest";

import { accountBytes, addedBytes } from "../../../src/images/guard/account-bytes.ts";
import { checkImage, requiredDiskBytes } from "../../../src/images/guard/check-image.ts";
import type { ImageFacts } from "../../../src/images/guard/image-facts.ts";
import { refuseProblems } from "../../../src/images/guard/refuse-problems.ts";

const MB = 1000 * 1000;
const GB = 1000 * MB;
const MIB = 1024 * 1024;

const limits = { instanceType: "lite", diskBytes: 2 * GB, accountBytes: 50 * GB };

function facts(change: Partial<ImageFacts> = {}): ImageFacts {
  return {
    name: "app:1",
    platform: { os: "linux", architecture: "amd64" },
    layers: [{ name: "sha256:base", sizeBytes: 100 * MB }],
    config: { entrypoint: ["node"], cmd: [], exposedPorts: [8080] },
    ...change,
  };
}

/** Layers whose size is just what a disk takes, counted as wrangler counts. */
const largestOnLite = Math.floor((2 * GB - 16 * MIB) / 1.1);

describe("checkImage()", () => {
  it("finds nothing in an image that fits", () => {
    expect(checkImage(facts(), limits)).toEqual([]);
  });

  it.each([
    [largestOnLite, []],
    [largestOnLite + 2, ["IMAGE_TOO_LARGE"]],
  ])("weighs %d unpacked bytes against the disk as wrangler does", (sizeBytes, expected) => {
    const problems = checkImage(facts({ layers: [{ name: "one", sizeBytes }] }), limits);
    expect(problems.map(({ code }) => code)).toEqual(expected);
  });

  it("counts 16 MiB for each layer", () => {
    const layers = [
      { name: "a", sizeBytes: 10 },
      { name: "b", sizeBytes: 10 },
    ];
    expect(requiredDiskBytes(layers)).toBe(22 + 32 * MIB);
  });

  it("names what makes an image large: ten layers and ten files, the largest first", () => {
    const layers = Array.from({ length: 12 }, (_, index) => ({
      name: `layer-${index}`,
      sizeBytes: (index + 1) * 200 * MB,
    }));
    const largestFiles = Array.from({ length: 11 }, (_, index) => ({
      path: `/data/${index}`,
      sizeBytes: (20 - index) * MB,
      layer: "layer-3",
      isHidden: index === 1,
    }));
    const [problem] = checkImage(facts({ layers, largestFiles }), limits);
    const lines = problem?.text.split("\n") ?? [];
    expect(lines[0]).toBe(
      "Cannot run app:1 on lite: its 12 layers unpack to 15.6 GB and need 17.4 GB of disk, and " +
        "there are 2.00 GB; make it smaller, use a larger instance_type, or push it all the same with --force",
    );
    expect(lines[2]).toBe("   2.40 GB  layer-11");
    expect(lines.filter((line) => line.includes("  layer-"))).toHaveLength(10);
    expect(lines.filter((line) => line.includes("/data/"))).toHaveLength(10);
    expect(lines).toContain(
      "   19.0 MB  /data/1, in layer-3 (hidden by a layer above, and weighs all the same)",
    );
  });

  it.each([
    [49.9 * GB, 0.1 * GB, []],
    [49.9 * GB, 0.11 * GB, ["ACCOUNT_FULL"]],
    [60 * GB, 0, []],
    [undefined, 1, []],
  ])("weighs an account of %d bytes and %d more", (held, added, expected) => {
    const change = {
      addedBytes: added,
      ...(held !== undefined && { accountBytes: held }),
    };
    const problems = checkImage(facts(change), limits);
    expect(problems.map(({ code }) => code)).toEqual(expected);
    for (const { text } of problems) {
      expect(text).toContain("berth images prune --remote REPOSITORY");
    }
  });

  it.each([
    ["another architecture", { platform: { os: "linux", architecture: "arm64" } }, "linux/arm64"],
    ["another system", { platform: { os: "windows", architecture: "amd64" } }, "windows/amd64"],
    [
      "no program",
      { config: { entrypoint: [], cmd: [], exposedPorts: [1] } },
      "ENTRYPOINT nor CMD",
    ],
  ])("refuses %s", (_, change, text) => {
    expect(checkImage(facts(change), limits)).toEqual([
      { code: "IMAGE_UNFIT", severity: "refuse", text: expect.stringContaining(text) },
    ]);
  });

  it("warns of an image that exposes no port, after what refuses it", () => {
    const config = { entrypoint: [], cmd: [], exposedPorts: [] };
    const problems = checkImage(facts({ config }), limits);
    expect(problems.map(({ severity }) => severity)).toEqual(["refuse", "warn"]);
  });
});

describe("refuseProblems()", () => {
  const problems = [
    { code: "IMAGE_TOO_LARGE", severity: "refuse", text: "large" },
    { code: "IMAGE_UNFIT", severity: "refuse", text: "unfit" },
    { code: "IMAGE_UNFIT", severity: "warn", text: "no port" },
  ] as const;

  it("throws the first problem's code with every refusal's text", () => {
    expect(() => refuseProblems(problems, "check")).toThrow("[IMAGE_TOO_LARGE] large\nunfit");
  });

  it("tells warnings, and by force everything", () => {
    expect(refuseProblems(problems.slice(2), "check")).toEqual(["no port"]);
    expect(refuseProblems(problems, "force")).toEqual(["large", "unfit", "no port"]);
  });
});

describe("accountBytes()", () => {
  const base = { digest: "sha256:base", sizeBytes: 100 };
  const images = [
    { blobs: [base, { digest: "sha256:a", sizeBytes: 10 }] },
    { blobs: [base, { digest: "sha256:b", sizeBytes: 20 }] },
  ];

  it("counts a blob that images share once", () => {
    expect(accountBytes(images)).toBe(130);
    expect(addedBytes({ blobs: [base, { digest: "sha256:c", sizeBytes: 7 }] }, images)).toBe(7);
  });
});
