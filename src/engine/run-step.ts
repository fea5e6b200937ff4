import { PassThrough } from "node:stream";

import type { RunStep } from "../images/build-image.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** Makes the step by which image builds execute RUN: a command in a private view of the image. */
export function createRunStep(sandbox: Sandbox): RunStep {
  return async ({ layers, base, writableDir, mounts, ...command }) => {
    const rootfs = { layers, base, writableDir, mounts };
    const process = await sandbox.run({ ...command, rootfs, limits: {} });
    process.stdin.on("error", () => undefined).end(); // it may be over already
    const output = new PassThrough();
    let openStreams = 2;
    for (const stream of [process.stdout, process.stderr]) {
      stream.pipe(output, { end: false });
      stream.once("close", () => {
        openStreams -= 1;
        if (openStreams === 0) output.end();
      });
    }
    return { output, exitCode: process.exited.then(({ exitCode }) => exitCode) };
  };
}
