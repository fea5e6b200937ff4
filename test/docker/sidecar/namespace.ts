import { readFileSync } from "node:fs";
import { runTool } from "../../../src/engine/sandbox/run-tool.ts";

/** The address of the host on this container's link. */
export function findDefaultGateway(table = readFileSync("/proc/net/route", "latin1")): string {
  const hex = /^\S+\t00000000\t([\dA-F]{8})\t/m.exec(table)?.[1];
  if (hex === undefined) throw new Error("Cannot find workerd: there is no default route");
  return [...Buffer.from(hex, "hex")].reverse().join(".");
}

/** Runs a command in the network namespace of this process. */
export async function runHere([program = "", ...args]: readonly string[]): Promise<void> {
  const { exitCode, output } = await runTool(program, args);
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${output.trim()}`);
}
