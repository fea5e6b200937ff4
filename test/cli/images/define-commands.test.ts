import { describe, expect, it } from "vitest";

import { createProgram } from "../../../src/cli/create-program.ts";
import type { ImageActions } from "../../../src/cli/images/image-options.ts";

type Ran = Partial<{ [Name in keyof ImageActions]: Parameters<ImageActions[Name]>[0] }> & {
  exitCode?: number;
};

async function run(...argv: readonly string[]): Promise<Ran> {
  const ran: Ran = {};
  const note =
    <Name extends keyof ImageActions>(name: Name) =>
    async (options: Ran[Name]): Promise<number> => {
      ran[name] = options;
      return 9;
    };
  const program = createProgram({
    version: "1.2.3",
    cwd: "/home/me/app",
    env: { FROM_ENV: "theirs" },
    actions: {
      dev: async () => 1,
      engine: async () => 1,
      deploy: async () => 1,
      images: {
        build: note("build"),
        push: note("push"),
        pull: note("pull"),
        list: note("list"),
        inspect: note("inspect"),
        delete: note("delete"),
        prune: note("prune"),
        load: note("load"),
        save: note("save"),
      },
    },
    onExitCode: (exitCode) => {
      ran.exitCode = exitCode;
    },
  });
  const images = program.commands.find((command) => command.name() === "images");
  for (const command of [program, ...program.commands, ...(images?.commands ?? [])]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  }
  await program.parseAsync(["node", "berth", "images", ...argv]);
  return ran;
}

const amd64 = { os: "linux", architecture: "amd64" };

describe("defineImageCommands()", () => {
  it.each<[argv: readonly string[], expected: Ran]>([
    [
      ["build", "-p", "-t", "app:1", "."],
      {
        build: {
          imagesDir: undefined,
          isJson: false,
          isForced: false,
          instanceType: undefined,
          diskBytes: undefined,
          accountLimitBytes: undefined,
          configPath: undefined,
          isWritten: false,
          className: undefined,
          contextDir: "/home/me/app",
          dockerfilePath: "/home/me/app/Dockerfile",
          tags: ["app:1"],
          isPushed: true,
          platform: amd64,
          buildArgs: {},
          target: undefined,
          buildContexts: {},
          secrets: {},
          runNetwork: "none",
          compression: "gzip",
          isCacheUsed: true,
          isPullForced: false,
          builder: "berth",
          output: undefined,
        },
      },
    ],
    [
      ["list", "--json", "--images-dir", "../store"],
      { list: { imagesDir: "/home/me/store", isJson: true, remote: undefined } },
    ],
    [
      ["ls", "--remote", "localhost:5000/app"],
      { list: { imagesDir: undefined, isJson: false, remote: "localhost:5000/app" } },
    ],
    [
      ["load", "a.tar", "--platform", "linux/arm64/v8"],
      {
        load: {
          imagesDir: undefined,
          isJson: false,
          path: "/home/me/app/a.tar",
          platform: { os: "linux", architecture: "arm64", variant: "v8" },
        },
      },
    ],
    [
      ["save", "app:1", "-o", "out.tar"],
      {
        save: {
          imagesDir: undefined,
          isJson: false,
          image: "app:1",
          output: "/home/me/app/out.tar",
          compression: "gzip",
        },
      },
    ],
  ])("reads %j whole", async (argv, expected) => {
    expect(await run(...argv)).toEqual({ ...expected, exitCode: 9 });
  });

  it.each<[argv: readonly string[], expected: Partial<NonNullable<Ran["build"]>>]>([
    [["sub"], { contextDir: "/home/me/app/sub", tags: ["sub"] }],
    [["-f", "img/D", "/abs"], { contextDir: "/abs", dockerfilePath: "/home/me/app/img/D" }],
    [["-t", "a", "--tag", "b:2", "."], { tags: ["a", "b:2"], isPushed: false }],
    [["--network", "default", "."], { runNetwork: "internet" }],
    [["--compression", "zstd", "."], { compression: "zstd" }],
    [["--no-cache", "--target", "x", "."], { isCacheUsed: false, target: "x" }],
    [
      ["--builder", "podman", "-o", "o.tar", "."],
      { builder: "podman", output: "/home/me/app/o.tar" },
    ],
    [
      ["--build-arg", "A=1=2", "--build-arg", "FROM_ENV", "--build-arg", "NOT_THERE", "."],
      { buildArgs: { A: "1=2", FROM_ENV: "theirs" } },
    ],
    [
      ["--build-context", "a=../x", "--build-context", "b=docker-image://r.io/b:1", "."],
      { buildContexts: { a: "/home/me/x", b: "docker-image://r.io/b:1" } },
    ],
    [
      ["--build-context", "c=oci-layout://lay", "--secret", "id=npm,src=.npmrc", "."],
      {
        buildContexts: { c: "oci-layout:///home/me/app/lay" },
        secrets: { npm: "/home/me/app/.npmrc" },
      },
    ],
    [
      ["-p", "--write", "--class", "App", "-c", "w.toml", "--instance-type", "basic", "."],
      {
        isWritten: true,
        className: "App",
        configPath: "/home/me/app/w.toml",
        instanceType: "basic",
      },
    ],
  ])("reads build's %j", async (argv, expected) => {
    expect((await run("build", ...argv)).build).toMatchObject(expected);
  });

  it.each<[argv: readonly string[], expected: Ran]>([
    [
      ["push", "app:1"],
      { push: expect.objectContaining({ image: "app:1", reference: undefined }) },
    ],
    [
      ["push", "a", "--disk-limit", "8GB", "--account-limit", "500MB"],
      { push: expect.objectContaining({ diskBytes: 8e9, accountLimitBytes: 5e8 }) },
    ],
    [["push", "a", "r.io/a:2"], { push: expect.objectContaining({ reference: "r.io/a:2" }) }],
    [
      ["pull", "r.io/a", "-t", "b"],
      { pull: expect.objectContaining({ reference: "r.io/a", tag: "b" }) },
    ],
    [
      ["inspect", "a", "--remote", "--files"],
      { inspect: expect.objectContaining({ isRemote: true, isFilesShown: true }) },
    ],
    [
      ["rm", "a", "--force", "--keep-file", "keep"],
      {
        delete: expect.objectContaining({
          isForced: true,
          isRemote: false,
          keepFile: "/home/me/app/keep",
        }),
      },
    ],
    [["prune"], { prune: expect.objectContaining({ isConfirmed: false, unusedForMs: 3_600_000 }) }],
    [["prune", "--unused-for", "0s"], { prune: expect.objectContaining({ unusedForMs: 0 }) }],
    [["prune", "--yes"], { prune: expect.objectContaining({ isConfirmed: true }) }],
  ])("reads %j", async (argv, expected) => {
    expect(await run(...argv)).toMatchObject(expected);
  });

  it.each([
    [["build"], /missing required argument 'path'/],
    [["build", "-t", "a b", "."], /\[BAD_OPTION\] Cannot use --tag a b/],
    [["build", "-t", `a@sha256:${"0".repeat(64)}`, "."], /\[BAD_OPTION\] Cannot use --tag/],
    [["build", "/"], /\[BAD_OPTION\] Cannot name the image: \//],
    [["build", "--platform", "amd64", "."], /\[BAD_OPTION\] Cannot use --platform amd64/],
    [["build", "--build-arg", "=1", "."], /\[BAD_OPTION\] Cannot use --build-arg =1/],
    [["build", "--network", "host", "."], /Allowed choices are none, default/],
    [["build", "--compression", "xz", "."], /Allowed choices are gzip, zstd/],
    [["build", "--builder", "kaniko", "."], /Allowed choices are docker, podman/],
    [["build", "--build-context", "a", "."], /\[BAD_OPTION\] Cannot use --build-context a;/],
    [["build", "--secret", "src=x", "."], /\[BAD_OPTION\] Cannot use --secret src=x;/],
    [["push", "a", "--disk-limit", "8"], /\[BAD_OPTION\] Cannot use --disk-limit 8;/],
    [["prune", "--unused-for", "soon"], /\[BAD_OPTION\] Cannot use --unused-for soon;/],
    [["build", "--write", "."], /\[BAD_OPTION\] Cannot use --write without --push/],
    [["save", "a"], /required option '-o, --output <path>' not specified/],
    [["push", "a", "b", "c"], /too many arguments/],
    [["nonsense"], /unknown command 'nonsense'/],
    [["list", "--all"], /unknown option '--all'/],
  ])("refuses %j", async (argv, message) => {
    await expect(run(...argv)).rejects.toThrow(message);
  });
});
