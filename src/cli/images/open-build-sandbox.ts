import { openStateDir, type StateDir } from "../../engine/state-dir.ts";
import { createRunStep } from "../../engine/run-step.ts";
import { createSandbox } from "../../engine/sandbox/create-sandbox.ts";
import type { Sandbox } from "../../engine/sandbox/sandbox.ts";
import type { RunStep } from "../../images/run-step.ts";
import { CliError } from "../cli-error.ts";

/** A sandbox that executes RUN, and what it takes to end it. */
export interface BuildSandbox {
  readonly sandbox: Sandbox;
  readonly state: StateDir;
  readonly run: RunStep;
}

/**
 * Opens a sandbox for RUN.
 *
 * @param say told what a user should know of it
 * @throws {CliError} ENGINE_UNAVAILABLE
 */
export async function openBuildSandbox(say: (text: string) => void): Promise<BuildSandbox> {
  if (process.platform !== "linux") {
    throw new CliError(
      "ENGINE_UNAVAILABLE",
      `Cannot execute RUN on ${process.platform}: it needs Linux; give --builder docker, ` +
        "or build on Linux, as CI does",
    );
  }
  const state = await openStateDir(undefined);
  try {
    // A pod is for containers; a build makes none.
    const sandbox = await createSandbox({ stateDir: state.path, log: say, warmPods: 0 });
    await state.deleteLeftovers();
    return { sandbox, state, run: createRunStep(sandbox) };
  } catch (error) {
    await state.dispose();
    throw error;
  }
}
