import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { BuildOptions } from "../../src/images/build-image.ts";
import { hostPlatform } from "../../src/images/oci/platform.ts";
import { ImageError } from "../../src/images/image-error.ts";
import type { Image } from "../../src/images/image-store.ts";
import {
  createImageResolver,
  type ImageSources,
  type LayoutReference,
} from "../../src/images/resolve-image.ts";
import { createBuildFixture, filesOf, type BuildFixture } from "./build-fixture.ts";

const host = `linux/${hostPlatform.architecture}`;
const foreign = hostPlatform.architecture === "s390x" ? "linux/arm64" : "linux/s390x";

let fixture: BuildFixture;
let base: Image;
beforeEach(async () => {
  fixture = await createBuildFixture();
  await fixture.context({ "base.txt": "base", f: "f" });
  base = await fixture.build('FROM scratch\nCOPY base.txt /\nCMD ["of-base"]', { tag: "base:1" });
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Builds where no host stands for a missing image. */
function build(
  dockerfile: string,
  options: Partial<BuildOptions> = {},
  sources: ImageSources & { readonly isPullForced?: boolean } = {},
): Promise<Image> {
  const { store, contextDir } = fixture;
  const resolveImage = createImageResolver({ store, contextDir, ...sources });
  return fixture.buildStrictly(dockerfile, { resolveImage, ...options });
}

describe("FROM", () => {
  it("refuses an image that is nowhere by line and name, and says what was tried", async () => {
    const pull = (): never => {
      throw new ImageError("REGISTRY_UNREACHABLE", "Cannot reach reg.example: no such host");
    };
    await expect(build("\nFROM reg.example/app:1", {}, { pull })).rejects.toThrow(
      /\[NO_SUCH_IMAGE\] Cannot build line 2: FROM reg\.example\/app:1; .*for linux\/\w+, tried: the images on this machine; its registry: .*no such host/,
    );
    await expect(build("FROM app")).rejects.toThrow(/tried: .*no registry, which is turned off/);
  });

  it("passes on what is no answer to whether there is one", async () => {
    const pull = (): never => {
      throw new ImageError("DIGEST_MISMATCH", "Cannot pull: other bytes");
    };
    await expect(build("FROM app", {}, { pull })).rejects.toThrow("[DIGEST_MISMATCH]");
  });

  it("takes an image of the store before a registry's, and pulls what is not there", async () => {
    const pulled: string[] = [];
    const pull = (reference: string): Promise<Image> => {
      pulled.push(reference);
      return Promise.resolve(base);
    };
    await build("FROM base:1\nCOPY f /", {}, { pull });
    expect(pulled).toEqual([]);
    const image = await build("FROM reg.example/x:2\nCOPY f /", {}, { pull });
    expect(pulled).toEqual(["reg.example/x:2"]);
    expect(await filesOf(image)).toEqual({ "/base.txt": "base", "/f": "f" });
    expect(image.config.cmd).toEqual(["of-base"]);
  });

  it("asks the registry again for a tag where that is wanted, and not for a digest", async () => {
    const pulled: string[] = [];
    const pull = (reference: string): Promise<Image> => {
      pulled.push(reference);
      return Promise.resolve(base);
    };
    await build("FROM base:1\nCOPY f /", {}, { pull, isPullForced: true });
    expect(pulled).toEqual(["base:1"]);
    const fixed = `base:1@sha256:${"a".repeat(64)}`;
    await fixture.store.tag(base.id, fixed);
    await build(`FROM ${fixed}\nCOPY f /`, {}, { pull, isPullForced: true });
    expect(pulled).toEqual(["base:1"]);
    const gone = (): Promise<Image> =>
      Promise.reject(new ImageError("NO_SUCH_IMAGE", "Cannot pull base:1: not there"));
    await expect(build("FROM base:1", {}, { pull: gone, isPullForced: true })).rejects.toThrow(
      /\[NO_SUCH_IMAGE\].*not there/,
    );
  });

  it("pulls an image that is here for another platform only", async () => {
    await build("FROM scratch\nCOPY base.txt /", { tag: "other:1", platform: foreign });
    await expect(build("FROM other:1")).rejects.toThrow(/where other:1 is for another platform/);
    expect((await build("FROM other:1", { platform: foreign })).platform).toEqual({
      os: "linux",
      architecture: foreign.slice("linux/".length),
    });
  });

  it("stands on the host only where that is asked for, and says so", async () => {
    const { store, contextDir } = fixture;
    const pull = (): never => {
      throw new ImageError("REGISTRY_UNREACHABLE", "Cannot reach reg.example: no such host");
    };
    const resolveImage = createImageResolver({ store, contextDir, pull });
    const image = await fixture.build("FROM nowhere:1", { resolveImage });
    expect(image.base).toBe("host");
    expect(fixture.lines.slice(-2)).toEqual([
      "  not found: the images on this machine; its registry: Cannot reach reg.example: no such host",
      expect.stringMatching(/^note: no image is pulled/),
    ]);
  });

  it.each<[from: string, expected: LayoutReference]>([
    ["oci:./layout", { path: "layout" }],
    ["oci:layout:v1", { path: "layout", name: "v1" }],
    ["oci-archive:layout/x.tar", { path: "layout/x.tar" }],
    ["docker-archive:layout/x.tar:a", { path: "layout/x.tar", name: "a" }],
    [`oci:layout@sha256:${"a".repeat(64)}`, { path: "layout", name: `sha256:${"a".repeat(64)}` }],
  ])("takes %s for a path in the context", async (from, expected) => {
    await fixture.context({ "layout/x.tar": "" });
    const asked: LayoutReference[] = [];
    const importLayout = (layout: LayoutReference): Promise<Image> => {
      asked.push(layout);
      return Promise.resolve(base);
    };
    const image = await build(`FROM ${from}`, {}, { importLayout });
    expect(await filesOf(image)).toEqual({ "/base.txt": "base" });
    expect(asked).toEqual([{ ...expected, path: join(fixture.contextDir, expected.path) }]);
  });

  it.each(["../outside", "/etc", "way-out"])("refuses oci:%s, out of the context", async (path) => {
    await mkdir(join(fixture.root, "outside"));
    await symlink("../outside", join(fixture.contextDir, "way-out"));
    await expect(build(`FROM oci:${path}`)).rejects.toThrow(
      /\[DOCKERFILE_INVALID\] Cannot build line 1: oci:.*leaves the build context.*--build-context/,
    );
  });
});

describe("--build-context", () => {
  it("names a layout anywhere for FROM, and a directory for COPY --from", async () => {
    const outside = join(fixture.root, "outside");
    await mkdir(join(outside, "deep"), { recursive: true });
    await writeFile(join(outside, "deep/g"), "g");
    const asked: LayoutReference[] = [];
    const importLayout = (layout: LayoutReference): Promise<Image> => {
      asked.push(layout);
      return Promise.resolve(base);
    };
    const buildContexts = {
      named: `oci-layout://${outside}:v1`,
      files: outside,
      other: "docker-image://base:1",
    };
    const image = await build(
      "FROM named\nCOPY --from=files deep /d\nCOPY --from=other base.txt /o",
      { buildContexts },
      { importLayout },
    );
    expect(asked).toEqual([{ path: outside, name: "v1" }]);
    expect(await filesOf(image)).toEqual({ "/base.txt": "base", "/d/g": "g", "/o": "base" });
    await expect(build("FROM files", { buildContexts })).rejects.toThrow(
      /line 1: FROM files; build context files is the directory/,
    );
  });
});

describe("COPY --from of an image", () => {
  it("copies its files and nothing else of it", async () => {
    const image = await build("FROM scratch\nCOPY --from=base:1 /base.txt /x");
    expect(await filesOf(image)).toEqual({ "/x": "base" });
    expect(image.config.cmd).toEqual([]);
  });
});

describe("--target", () => {
  const dockerfile =
    "FROM scratch AS one\nLABEL l=1\nFROM base:1 AS two\nRUN two\nFROM one\nLABEL l=3";

  it.each([
    ["one", "1"],
    ["ONE", "1"],
    ["0", "1"],
    [undefined, "3"],
  ])("builds %s and what it needs", async (target, label) => {
    const image = await build(dockerfile, target === undefined ? {} : { target });
    expect(image.config.labels).toEqual({ l: label });
    expect(fixture.runs).toEqual([]);
  });

  it("refuses one that is not there and names those that are", async () => {
    await expect(build(dockerfile, { target: "nope" })).rejects.toThrow(
      /target nope: no such stage; there are one, two, 2/,
    );
  });
});

describe("--platform", () => {
  const dockerfile =
    "FROM scratch\nARG TARGETPLATFORM\nARG TARGETARCH\nARG TARGETVARIANT\nARG BUILDPLATFORM\n" +
    "LABEL t=$TARGETPLATFORM a=$TARGETARCH v=x$TARGETVARIANT b=$BUILDPLATFORM";

  it.each([
    ["linux/arm/v7", { t: "linux/arm/v7", a: "arm", v: "xv7", b: host }],
    ["linux/arm64/v8", { t: "linux/arm64", a: "arm64", v: "x", b: host }],
    ["linux/x86_64", { t: "linux/amd64", a: "amd64", v: "x", b: host }],
    [undefined, { t: host, a: hostPlatform.architecture, v: "x", b: host }],
  ])("%s is told to ARG", async (platform, labels) => {
    const image = await build(dockerfile, platform === undefined ? {} : { platform });
    expect(image.config.labels).toEqual(labels);
  });

  it("refuses RUN for another machine by its line, before anything is built", async () => {
    const text = `FROM scratch\nCOPY f /\nRUN x`;
    await expect(build(text, { platform: foreign })).rejects.toThrow(
      /\[DOCKERFILE_UNSUPPORTED\] Cannot build line 3: RUN for linux\/\w+; this machine runs linux\/\w+ only/,
    );
    const crossed = `FROM --platform=$BUILDPLATFORM base:1 AS b\nRUN ["x"]\nFROM scratch\nCOPY --from=b / /`;
    const image = await build(crossed, { platform: foreign });
    expect(image.platform?.architecture).toBe(foreign.slice("linux/".length));
    expect(fixture.runs).toHaveLength(1);
  });

  it.each(["", "windows amd64", "linux/amd64/v1/x"])("refuses %j", async (platform) => {
    await expect(build("FROM scratch", { platform })).rejects.toThrow(/write it as linux\/amd64/);
  });
});
