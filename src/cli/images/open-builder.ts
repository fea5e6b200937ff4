import type { Sandbox } from "../../engine/sandbox/sandbox.ts";
import type { RunStep } from "../../images/run-step.ts";
import { CliError } from "../cli-error.ts";
import { loadEngineCommands } from "../lazy/load.ts";
import type { BuildSandbox } from "./open-build-sandbox.ts";

/** Executes RUN steps in a sandbox that is made for the first of them. */
export interface LazyRunStep extends AsyncDisposable {
  readonly run: RunStep;
}

/**
 * Makes what executes RUN. A build without RUN, or whose steps are cached, needs no namespaces and
 * waits for none. Disposing of it ends the steps that run.
 *
 * @param say told what a user should know of the sandbox
 */
export function openRunStep(say: (text: string) => void): LazyRunStep {
  let opening: Promise<BuildSandbox> | undefined;
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

async function close(opening: Promise<BuildSandbox> | undefined): Promise<void> {
  const opened = await opening?.catch(() => undefined); // it has failed the build already
  if (opened === undefined) return;
  await opened.sandbox[Symbol.asyncDispose]();
  await opened.state.dispose();
}

/** Most builds need none of the engine's code. */
async function openSandbox(say: (text: string) => void): Promise<BuildSandbox> {
  return (await loadEngineCommands()).openBuildSandbox(say);
}

function requireInternet(sandbox: Sandbox): void {
  if (sandbox.facts.internet !== "none") return;
  throw new CliError(
    "ENGINE_UNAVAILABLE",
    "Cannot use --network default: this host has no way to give RUN a network; install nftables " +
      "(as root), pasta or slirp4netns, or fetch before the build and COPY the result",
  );
}
