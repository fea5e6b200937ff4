import type { ProgressDisplay } from "./progress-display.ts";
import { BarDisplay } from "./bar-display.ts";
import { createLineDisplay } from "./line-display.ts";

/** Where progress is shown. */
export interface DisplayTarget {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

/** Opens bars on a terminal; lines in CI, in a pipe and on a terminal that can't move its cursor. */
export async function openDisplay({ stream, env }: DisplayTarget): Promise<ProgressDisplay> {
  if (stream.isTTY === true && !isSet(env["CI"]) && env["TERM"] !== "dumb") {
    const { MultiBar } = await import("cli-progress");
    return new BarDisplay(stream, MultiBar);
  }
  return createLineDisplay({
    write: (line) => stream.write(`${line}\n`),
    nowMs: () => process.uptime() * 1000, // `performance` would be loaded for it
  });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "false" && value !== "0";
}
