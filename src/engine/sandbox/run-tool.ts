import { spawn, type SpawnOptions } from "node:child_process";

import { toolPath } from "./host-tools.ts";

/** How a host tool ended. */
export interface ToolResult {
  readonly exitCode: number;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
}

/** The environment of every host tool: the host's own variables stay out of it. */
export const toolEnv: Readonly<Record<string, string>> = {
  PATH: toolPath,
  LC_ALL: "C",
  // libmount's fsconfig() calls limit one option to 256 bytes; overlay options are longer.
  LIBMOUNT_FORCE_MOUNT2: "always",
};

/** Runs a short host tool to its end; never rejects. */
export function runTool(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {},
): Promise<ToolResult> {
  const settings: SpawnOptions = {
    env: toolEnv,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  };
  return new Promise((resolve) => {
    const child = spawn(command, args, settings);
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.stdin?.on("error", () => undefined); // It may end without reading its input.
    child.stdin?.end(options.input ?? "");
    child.on("error", (error) => resolve({ exitCode: 127, output: error.message }));
    child.on("close", (code) => resolve({ exitCode: code ?? 128, output }));
  });
}
