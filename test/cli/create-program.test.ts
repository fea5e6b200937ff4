import { describe, expect, it } from "vitest";

import { createProgram } from "../../src/cli/create-program.ts";
import type { DeployOptions } from "../../src/cli/deploy/deploy-options.ts";
import type { DevOptions } from "../../src/cli/dev-options.ts";
import type { EngineCommandOptions } from "../../src/cli/run-engine.ts";
import type { ImageActions } from "../../src/cli/images/image-options.ts";

const never = async (): Promise<number> => {
  throw new Error("not asked for");
};
const images: ImageActions = {
  ...{ build: never, push: never, pull: never, list: never, inspect: never },
  ...{ delete: never, prune: never, load: never, save: never },
};

interface Ran {
  deploy?: DeployOptions;
  dev?: DevOptions;
  engine?: EngineCommandOptions;
  exitCode?: number;
}

async function run(...argv: readonly string[]): Promise<Ran> {
  const ran: Ran = {};
  const program = createProgram({
    version: "1.2.3",
    cwd: "/home/me/app",
    env: {},
    actions: {
      dev: async (options) => {
        ran.dev = options;
        return 7;
      },
      engine: async (options) => {
        ran.engine = options;
        return 8;
      },
      deploy: async (options) => {
        ran.deploy = options;
        return 9;
      },
      images,
    },
    onExitCode: (exitCode) => {
      ran.exitCode = exitCode;
    },
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  }
  await program.parseAsync(["node", "berth", ...argv]);
  return ran;
}

describe("createProgram()", () => {
  it.each<[argv: readonly string[], expected: Partial<DevOptions>]>([
    [
      [],
      {
        isPullAllowed: true,
        engine: "auto",
        enforceCpu: false,
        isRunAllowed: true,
        imageMap: {},
        wranglerArgs: [],
      },
    ],
    [["--port", "9000", "--local"], { wranglerArgs: ["--port", "9000", "--local"] }],
    [["src/index.ts", "-c", "x.toml"], { wranglerArgs: ["src/index.ts", "-c", "x.toml"] }],
    [
      ["-e", "staging", "--engine", "docker"],
      { engine: "docker", wranglerArgs: ["-e", "staging"] },
    ],
    [
      ["--port=1", "--enforce-cpu", "--ip", "::1"],
      { enforceCpu: true, wranglerArgs: ["--port=1", "--ip", "::1"] },
    ],
    [["--port", "1", "--no-pull"], { isPullAllowed: false, wranglerArgs: ["--port", "1"] }],
    [["--no-run-steps", "--no-bundle"], { isRunAllowed: false, wranglerArgs: ["--no-bundle"] }],
    [
      ["--var", "A:1", "--engine=process", "--var", "B:2"],
      { engine: "process", wranglerArgs: ["--var", "A:1", "--var", "B:2"] },
    ],
    [["--cwd", "../other"], { projectDir: "/home/me/other", wranglerArgs: ["--cwd", "../other"] }],
    [["--cwd=sub"], { projectDir: "/home/me/app/sub" }],
    [
      ["--map-image", "r.example:5/a:1=img/Dockerfile", "--map-image", "b=/abs/D"],
      {
        imageMap: { "r.example:5/a:1": "/home/me/app/img/Dockerfile", b: "/abs/D" },
        wranglerArgs: [],
      },
    ],
  ])("takes berth's own options of dev %j and passes on the rest", async (argv, expected) => {
    const ran = await run("dev", ...argv);
    expect(ran.dev).toMatchObject(expected);
    expect(ran.exitCode).toBe(7);
  });

  it.each([
    [["dev", "--engine", "vm"], /\[BAD_OPTION\] Cannot use --engine vm; give process, docker/],
    [["dev", "--map-image", "x"], /\[BAD_OPTION\] Cannot use --map-image x/],
    [["dev", "--map-image", "=x"], /\[BAD_OPTION\]/],
    [["engine"], /missing required argument/],
    [["nonsense"], /unknown command/],
  ])("refuses %j", async (argv, message) => {
    await expect(run(...argv)).rejects.toThrow(message);
  });

  it.each([
    [
      ["--", "vite", "dev", "--port", "1"],
      ["vite", "dev", "--port", "1"],
    ],
    [
      ["vite", "--help"],
      ["vite", "--help"],
    ],
    [
      ["--", "sh", "-c", "exit 3"],
      ["sh", "-c", "exit 3"],
    ],
    [
      ["npm", "run", "x", "--", "--y"],
      ["npm", "run", "x", "--", "--y"],
    ],
  ])("hands the command of engine %j on as it is", async (argv, expected) => {
    const engine = { command: expected, isPullAllowed: true };
    expect(await run("engine", ...argv)).toEqual({ engine, exitCode: 8 });
  });

  it("takes its own option of engine before the command", async () => {
    const { engine } = await run("engine", "--no-pull", "--", "vite", "--no-pull");
    expect(engine).toEqual({ command: ["vite", "--no-pull"], isPullAllowed: false });
  });

  it("tells its version", async () => {
    await expect(run("--version")).rejects.toMatchObject({ message: "1.2.3", exitCode: 0 });
  });

  it("keeps wrangler's options of deploy, and reads berth's own", async () => {
    const words = ["--force", "-e", "staging", "--network", "none", "--minify", "src/index.ts"];
    const { deploy, exitCode } = await run("deploy", ...words);
    expect(deploy).toMatchObject({
      checks: "force",
      runNetwork: "none",
      wranglerArgs: ["-e", "staging", "--minify", "src/index.ts"],
      projectDir: "/home/me/app",
    });
    expect(exitCode).toBe(9);
  });
});
