import { openStateDir, type StateDir } from "../../engine/state-dir.ts";
import { createRunStep } from "../../engine/run-step.ts";
import { createSandbox } from "../../engine/sandbox/create-sandbox.ts";
import type { Sandbox } from "../../engine/sandbox/sandbox.ts";
import type { RunStep } from "../../images/run-step.ts";
import { CliError } from "../cli-error.ts";

/** Executes RUN steps in a sandbox that is made for the first of them. */
export interface LazyRunStep extends AsyncDisposable {
  readonly run: RunStep;
}

interface OpenSandbox {
  readonly sandbox: Sandbox;
  readonly state: StateDir;
  readonly run: RunStep;
}

/**
 * Makes what executes RUN. A build without RUN, or whose steps are cached, needs no namespaces and
 * waits for none. Disposing of it ends the steps that run.
 *
 * @param say told what a user should know of the sandbox
 */
export function openRunStep(say: (text: string) => void): LazyRunStep {
  let opening: Promise<OpenSandbox> | undefined;
  let closing: Promise<void> | undefined;
  return {
    run: async (request) => {
      if (closing !== undefined)
        throw new CliError("INTERRUPTED", "Cannot execute RUN: interrupted");
      opening ??= openSandbox(say);
      const { run, sandbox } = await opening;
      if (request.network === "internet") requireInternet(sandbox);
      return run(request);
    },
    [Symbol.asyncDispose]: () => (closing ??= close(opening)),
  };
}

async function close(opening: Promise<OpenSandbox> | undefined): Promise<void> {
  const opened = await opening?.catch(() => undefined); // it has failed the build already
  if (opened === undefined) return;
  await opened.sandbox[Symbol.asyncDispose]();
  await opened.state.dispose();
}

async function openSandbox(say: (text: string) => void): Promise<OpenSandbox> {
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

function requireInternet(sandbox: Sandbox): void {
  if (sandbox.facts.internet !== "none") return;
  throw new CliError(
    "ENGINE_UNAVAILABLE",
    "Cannot use --network default: this host has no way to give RUN a network; install nftables " +
      "(as root), pasta or slirp4netns, or fetch before the build and COPY the result",
  );
}
