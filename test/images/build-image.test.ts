import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { ImageConfig } from "../../src/images/image-store.ts";
import { createBuildFixture, filesOf, type BuildFixture } from "./build-fixture.ts";

let fixture: BuildFixture;
beforeEach(async () => {
  fixture = await createBuildFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

describe("buildImage()", () => {
  it.each<[what: string, steps: string, expected: Partial<ImageConfig>]>([
    ["CMD in exec form", 'CMD ["node", "s.js"]', { cmd: ["node", "s.js"] }],
    ["CMD in shell form", "CMD node  s.js", { cmd: ["/bin/sh", "-c", "node  s.js"] }],
    ["the last CMD", "CMD a\nCMD b", { cmd: ["/bin/sh", "-c", "b"] }],
    ["a CMD that only looks like JSON", "CMD [ -f x ]", { cmd: ["/bin/sh", "-c", "[ -f x ]"] }],
    ["the CMD of node's image", "", { cmd: ["node"] }],
    [
      "ENTRYPOINT, which drops an inherited CMD",
      'ENTRYPOINT ["e"]',
      { entrypoint: ["e"], cmd: [] },
    ],
    [
      "ENTRYPOINT, which keeps its own CMD",
      'CMD ["c"]\nENTRYPOINT ["e"]',
      { entrypoint: ["e"], cmd: ["c"] },
    ],
    ["ENTRYPOINT in shell form", "ENTRYPOINT e f", { entrypoint: ["/bin/sh", "-c", "e f"] }],
    ["SHELL", 'SHELL ["/bin/bash", "-c"]\nCMD x', { cmd: ["/bin/bash", "-c", "x"] }],
    ["SHELL for images on it", 'SHELL ["/b", "-c"]', { shell: ["/b", "-c"] }],
    ["VOLUME", 'ENV D=/d\nVOLUME $D /c\nVOLUME ["/a b"]', { volumes: ["/a b", "/c", "/d"] }],
    [
      "HEALTHCHECK in shell form",
      "HEALTHCHECK --interval=1m30s --retries=2 CMD a b",
      { healthcheck: { Test: ["CMD-SHELL", "a b"], Interval: 90_000_000_000, Retries: 2 } },
    ],
    [
      "HEALTHCHECK in exec form",
      'HEALTHCHECK CMD ["a", "b"]',
      { healthcheck: { Test: ["CMD", "a", "b"] } },
    ],
    ["HEALTHCHECK NONE", "HEALTHCHECK NONE", { healthcheck: { Test: ["NONE"] } }],
    [
      "ENV",
      "ENV A=1 B=\"two words\" C=th\\ ree D='$A'",
      { env: { PATH, A: "1", B: "two words", C: "th ree", D: "$A" } },
    ],
    ["ENV of the old form", "ENV A one two", { env: { PATH, A: "one two" } }],
    ["ENV by ENV", "ENV A=1\nENV A=2 B=$A\nENV C=$A$B", { env: { PATH, A: "2", B: "1", C: "21" } }],
    ["ENV of PATH", "ENV PATH=/x:$PATH", { env: { PATH: `/x:${PATH}` } }],
    ["ENV over lines", "ENV A=1 \\\n  # why\n\n  B=2", { env: { PATH, A: "1", B: "2" } }],
    ["ARG, which is no ENV", "ARG A=1\nENV B=$A", { env: { PATH, B: "1" } }],
    ["ENV over ARG", "ENV A=env\nARG A=arg\nENV B=$A", { env: { PATH, A: "env", B: "env" } }],
    ["ARG by ARG", "ARG A=1\nARG B=${A}2\nLABEL l=$B", { labels: { l: "12" } }],
    ["an unset variable", "LABEL l=x${NOPE}y$NOPE", { labels: { l: "xy" } }],
    [
      ":- and -",
      "ENV E=\nLABEL a=${E:-d} b=${E-d} c=${U:-d} d=${U-${E:-n}}",
      { labels: { a: "d", b: "", c: "d", d: "n" } },
    ],
    [
      ":+ and +",
      "ENV E= S=s\nLABEL a=${E:+d} b=${E+d} c=${S:+d} d=${U+d}",
      { labels: { a: "", b: "d", c: "d", d: "" } },
    ],
    [
      "an escaped variable",
      "LABEL a=\\$A b=\"\\$A\" c='\\$A'",
      { labels: { a: "$A", b: "$A", c: "\\$A" } },
    ],
    ["LABEL", 'LABEL a=b "c d"="e f"', { labels: { a: "b", "c d": "e f" } }],
    ["MAINTAINER", "MAINTAINER me <m@x>", { labels: { maintainer: "me <m@x>" } }],
    ["USER", "ARG U=node\nUSER $U:staff", { user: "node:staff" }],
    [
      "EXPOSE",
      "ENV P=80\nEXPOSE 8080 $P/tcp 53/udp 90-92",
      { exposedPorts: [80, 90, 91, 92, 8080] },
    ],
    ["EXPOSE by a list", 'ENV P="1 2"\nEXPOSE $P', { exposedPorts: [1, 2] }],
    ["STOPSIGNAL", "STOPSIGNAL SIGQUIT", { stopSignal: "SIGQUIT" }],
    ["WORKDIR", "WORKDIR /a\nWORKDIR b\nWORKDIR ../c", { workingDir: "/a/c" }],
    ["WORKDIR by ENV", "ENV D=/d\nWORKDIR $D/e/", { workingDir: "/d/e" }],
    ["lower case", 'cmd ["x"]\nenv A=1', { cmd: ["x"], env: { PATH, A: "1" } }],
  ])("understands %s", async (_what, steps, expected) => {
    const { config } = await fixture.build(`FROM node:24-slim\n${steps}\n`);
    expect(config).toMatchObject(expected);
    if (expected.env !== undefined) expect(config.env).toEqual(expected.env);
  });

  it.each<[what: string, dockerfile: string, message: RegExp]>([
    ["no FROM", "CMD x", /\[DOCKERFILE_INVALID\] Cannot build: no FROM/],
    ["an instruction before FROM", "ENV A=1\nFROM node", /line 1: ENV before FROM/],
    ["an unknown instruction", "FROM node\n\nBAKE x", /line 3: unknown instruction BAKE/],
    [
      "one in a stage that is not needed",
      "FROM node\nBAKE x\nFROM node",
      /line 2: unknown instruction BAKE/,
    ],
    ["a flag that is not one", "FROM node\nENV --x A=1", /line 2: ENV --x/],
    ["a missing argument", "FROM node\nWORKDIR", /line 2: WORKDIR/],
    ["a bad port", "FROM node\nEXPOSE 70000", /line 2.*70000 is no port/],
    ["a bad range", "FROM node\nEXPOSE 9-8", /9-8 is no port/],
    ["an open quote", 'FROM node\nLABEL a="b', /line 2.*a quote is not closed/],
    ["an open brace", "FROM node\nLABEL a=${b", /line 2/],
    [
      "a required variable",
      "FROM node\nLABEL a=${B:?must-be-given}",
      /line 2.*B is not set: must-be-given/,
    ],
    ["a foreign modifier", "FROM node\nLABEL a=${B#x}", /line 2.*only \$\{NAME\}/],
    ["ENV without a value", "FROM node\nENV A", /line 2.*write ENV NAME=value/],
    ["a bad ARG", "FROM node\nARG 1x=2", /line 2.*write ARG NAME/],
    ["a bad SHELL", "FROM node\nSHELL bash", /line 2.*JSON list/],
    ["ONBUILD", "FROM node\nONBUILD RUN y", /line 2: ONBUILD RUN y; write what it would do/],
    ["a bad HEALTHCHECK", "FROM node\nHEALTHCHECK x", /line 2.*write HEALTHCHECK CMD/],
    [
      "HEALTHCHECK of no time",
      "FROM node\nHEALTHCHECK --interval=x CMD x",
      /line 2.*x is no duration/,
    ],
    [
      "a foreign flag of it",
      "FROM node\nHEALTHCHECK --x=1 CMD x",
      /line 2: HEALTHCHECK --x; known/,
    ],
    ["a bad FROM", "FROM node AS", /line 1.*FROM image AS name/],
    ["FROM of nothing", "FROM $NOPE", /line 1/],
    [
      "a foreign syntax",
      "# syntax=example.com/other:1\nFROM node",
      /line 1: syntax=example\.com\/other:1/,
    ],
    [
      "RUN with the keys of ssh",
      "FROM node\nRUN --mount=type=ssh y",
      /line 2: RUN --mount=type=ssh; known types are bind/,
    ],
    [
      "RUN as root of all",
      "FROM node\nRUN --security=insecure y",
      /line 2: RUN --security=insecure/,
    ],
  ])("refuses %s by line and name", async (_what, dockerfile, message) => {
    await expect(fixture.build(dockerfile)).rejects.toThrow(message);
    expect(await fixture.store.list()).toEqual([]);
    expect(fixture.runs).toEqual([]);
  });

  it("says once that no image is pulled", async () => {
    await fixture.build("FROM node:24 AS a\nFROM python:3 AS b\nCOPY --from=a /tmp /a\n");
    expect(fixture.lines.filter((line) => line.includes("no image is pulled"))).toHaveLength(1);
  });

  it("records what others need, and says that it has no effect here", async () => {
    await fixture.build("FROM node\nVOLUME /data\nHEALTHCHECK --interval=5s CMD x");
    const notes = fixture.lines.filter((line) => line.startsWith("note: "));
    expect(notes).toEqual(
      expect.arrayContaining([
        expect.stringContaining("VOLUME (line 2)"),
        expect.stringContaining("HEALTHCHECK (line 3)"),
      ]),
    );
  });

  it("puts FROM scratch on nothing, any other on the host", async () => {
    expect((await fixture.build("FROM scratch\nCMD x")).base).toBe("none");
    expect(
      (await fixture.build("FROM registry.example/some/thing@sha256:" + "0".repeat(64))).base,
    ).toBe("host");
  });

  it("builds on an image of the store", async () => {
    await fixture.context({ a: "a", b: "b" });
    await fixture.build('FROM scratch\nCOPY a /\nENV A=1\nCMD ["x"]', { tag: "base" });
    const image = await fixture.build("FROM base\nCOPY b /");
    expect(image).toMatchObject({ base: "none", config: { cmd: ["x"], env: { A: "1" } } });
    expect(await filesOf(image)).toEqual({ "/a": "a", "/b": "b" });
  });

  describe("ARG", () => {
    it("takes values from outside, for declared names only", async () => {
      const buildArgs = { A: "given", SECRET: "s" };
      const { config } = await fixture.build("FROM node\nARG A=1\nLABEL a=$A s=x$SECRET", {
        buildArgs,
      });
      expect(config.labels).toEqual({ a: "given", s: "x" });
    });

    it("belongs to its stage, and before FROM only to FROM", async () => {
      const dockerfile = `ARG BASE=node
ARG V=7
FROM $BASE AS a
LABEL outer=x$V
ARG V
LABEL inner=$V
FROM a
LABEL next=x$V`;
      const { config } = await fixture.build(dockerfile);
      expect(config.labels).toEqual({ outer: "x", inner: "7", next: "x" });
    });

    it("knows the platform when it is asked", async () => {
      const { config } = await fixture.build(
        "FROM --platform=$BUILDPLATFORM node\nARG TARGETOS\nLABEL os=$TARGETOS",
      );
      expect(config.labels).toEqual({ os: "linux" });
    });
  });

  describe("stages", () => {
    it("copies from a stage by name or number, whatever the case", async () => {
      await fixture.context({ a: "a", b: "b" });
      const dockerfile = `FROM scratch AS Build
COPY a /out/a
FROM scratch
COPY b /out/b
FROM scratch
COPY --from=build /out /one
COPY --from=1 /out/b /two
COPY --from=BUILD out/* /three/`;
      expect(await filesOf(await fixture.build(dockerfile))).toEqual({
        "/one/a": "a",
        "/two": "b",
        "/three/a": "a",
      });
    });

    it("inherits config and files by FROM stage, but no ARG", async () => {
      await fixture.context({ a: "a" });
      const dockerfile =
        "FROM scratch AS s\nARG X=1\nENV E=$X\nCOPY a /\nUSER 5\nFROM s\nLABEL l=x$X";
      const image = await fixture.build(dockerfile);
      expect(image.config).toMatchObject({ env: { E: "1" }, user: "5", labels: { l: "x" } });
      expect(await filesOf(image)).toEqual({ "/a": "a" });
    });

    it("does not build what the last stage does not need", async () => {
      await fixture.build("FROM node AS tests\nRUN npm test\nFROM node\nCMD x");
      expect(fixture.runs).toEqual([]);
    });

    it("copies files that RUN removed no more", async () => {
      await fixture.context({ a: "a", "dir/b": "b" });
      fixture.fakeRun = { files: { "out/made": "m" } };
      const image = await fixture.build(
        "FROM node AS s\nRUN make\nFROM scratch\nCOPY --from=s /out /",
      );
      expect(await filesOf(image)).toEqual({ "/made": "m" });
    });
  });

  describe("RUN", () => {
    it("runs in the image so far, with its environment, user and directory", async () => {
      fixture.fakeRun = { files: { "w/out": "made" }, output: "one\ntwo" };
      const dockerfile = "FROM node\nARG A=1\nENV E=2\nWORKDIR /w\nUSER node\nRUN make  all";
      const image = await fixture.build(dockerfile, { runNetwork: "internet" });
      expect(fixture.runs).toEqual([
        expect.objectContaining({
          argv: ["/bin/sh", "-c", "make  all"],
          env: { A: "1", E: "2", PATH, HOME: "/home/node" },
          cwd: "/w",
          user: "node",
          base: "host",
          network: "internet",
        }),
      ]);
      expect(fixture.lines).toEqual(expect.arrayContaining(["  one", "  two"]));
      expect(await filesOf(image)).toEqual({ "/w/out": "made" });
    });

    it.each<[what: string, step: string, argv: readonly string[]]>([
      ["exec form", 'RUN ["a", "$B"]', ["a", "$B"]],
      ["shell form over lines", "RUN a && \\\n  # c\n  b", ["/bin/sh", "-c", "a &&   b"]],
      ["its SHELL", 'SHELL ["/bin/bash", "-ec"]\nRUN a', ["/bin/bash", "-ec", "a"]],
      ["a heredoc as script", "RUN <<E\na\nb\nE", ["/bin/sh", "-c", "a\nb\n"]],
      ["a heredoc of a command", "RUN cat <<E > /x\nt\nE", ["/bin/sh", "-c", "cat <<E > /x\nt\nE"]],
      ["backtick as escape", "RUN a `\n  b", ["/bin/sh", "-c", "a   b"]],
    ])("understands %s", async (_what, step, argv) => {
      const directive = step.includes("`") ? "# escape=`\n" : "";
      await fixture.build(`${directive}FROM node\n${step}\n`);
      expect(fixture.runs.map((run) => run.argv)).toEqual([argv]);
    });

    it("fails with line, command and exit code, and stores nothing", async () => {
      fixture.fakeRun = { exitCode: 3, output: "boom" };
      await expect(fixture.build("FROM node\nRUN make")).rejects.toThrow(
        "[RUN_FAILED] Cannot build line 2: RUN make; it exited with 3",
      );
      expect(fixture.lines).toContain("  boom");
      expect(await fixture.store.get("test:1")).toBeUndefined();
    });

    it.each([
      ["npm error code ENOTFOUND", "none", true],
      ["Temporary failure in name resolution", "none", true],
      ["getaddrinfo EAI_AGAIN registry", "internet", false],
      ["syntax error", "none", false],
    ] as const)(
      "after %j with network %s says that it needs a network: %s",
      async (output, runNetwork, isSaid) => {
        fixture.fakeRun = { exitCode: 1, output };
        const error: unknown = await fixture
          .build("FROM node\nRUN x", { runNetwork })
          .catch((e: unknown) => e);
        expect(
          String(error).includes("needs? a network") || /need a network/.test(String(error)),
        ).toBe(isSaid);
      },
    );

    it("is refused with line and way out where it is turned off, even when cached", async () => {
      await fixture.build("FROM node\nRUN x");
      await expect(fixture.build("FROM node\nRUN x", { isRunAllowed: false })).rejects.toThrow(
        /\[RUN_NOT_ALLOWED\] Cannot build line 2: RUN x; .*--no-run-steps/,
      );
    });
  });

  describe("cache", () => {
    const dockerfile = "FROM node\nARG V=1\nCOPY a /a\nRUN one\nCOPY b /b\nRUN two";
    const runNames = (): readonly string[] => fixture.runs.map(({ argv }) => String(argv[2]));

    beforeEach(async () => {
      await fixture.context({ a: "a", b: "b", c: "c" });
      await fixture.build(dockerfile);
      expect(runNames()).toEqual(["one", "two"]);
      fixture.runs.length = 0;
    });

    it("does every step again when it is not to be used, and leaves it as it was", async () => {
      await fixture.build(dockerfile, { isCacheUsed: false });
      expect(runNames()).toEqual(["one", "two"]);
      fixture.runs.length = 0;
      await fixture.build(dockerfile);
      expect(runNames()).toEqual([]);
    });

    it("takes every step from it when nothing changed, and gives the same image", async () => {
      const first = await fixture.store.get("test:1");
      const second = await fixture.build(dockerfile, { tag: "again" });
      expect(runNames()).toEqual([]);
      expect(second.id).toBe(first?.id);
      expect(second.tags).toEqual(["again:latest", "test:1"]);
    });

    it.each<[what: string, change: () => Promise<unknown>, expected: readonly string[]]>([
      ["a file that no step copies", () => fixture.context({ c: "changed" }), []],
      ["a file that a later step copies", () => fixture.context({ b: "changed" }), ["two"]],
      [
        "a file that the first step copies",
        () => fixture.context({ a: "changed" }),
        ["one", "two"],
      ],
    ])("runs what comes after a change of %s", async (_what, change, expected) => {
      await change();
      await fixture.build(dockerfile);
      expect(runNames()).toEqual(expected);
    });

    it("runs again what has another text, environment or build argument", async () => {
      await fixture.build(dockerfile.replace("RUN two", "RUN three"));
      expect(runNames()).toEqual(["three"]);
      await fixture.build(dockerfile, { buildArgs: { V: "2" } });
      expect(runNames()).toEqual(["three", "one", "two"]);
    });

    it("outlives the store's being opened anew", async () => {
      const { openImageStore } = await import("../../src/images/image-store.ts");
      const store = await openImageStore(`${fixture.root}/store`);
      await fixture.build(dockerfile, { store });
      expect(runNames()).toEqual([]);
    });

    it("does not keep a step that failed", async () => {
      fixture.fakeRun = { exitCode: 1 };
      await expect(fixture.build("FROM node\nRUN flaky")).rejects.toThrow("RUN_FAILED");
      fixture.fakeRun = { exitCode: 0 };
      await fixture.build("FROM node\nRUN flaky");
      expect(runNames()).toEqual(["flaky", "flaky"]);
    });

    it("lets builds of the same steps run side by side", async () => {
      const builds = Array.from({ length: 5 }, (_value, index) =>
        fixture.build("FROM node\nCOPY . /w\nRUN side", { tag: `side:${index}` }),
      );
      const ids = (await Promise.all(builds)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(1);
    });
  });
});
