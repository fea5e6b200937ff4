import { createAskWrangler } from "./deploy/ask-wrangler.ts";
import { openCloudflareRegistry } from "./deploy/cloudflare-registry.ts";
import type { DeployOptions } from "./deploy/deploy-options.ts";
import { readDeployConfig } from "./deploy/read-wrangler-config.ts";
import { runDeploy } from "./deploy/run-deploy.ts";
import { onlyOptions } from "./deploy/without-options.ts";
import type { EndSignals } from "./end-signals.ts";
import { findWrangler } from "./find-wrangler.ts";
import { GRACE_MS, type ImageActionsOptions } from "./images/image-actions.ts";
import { openDeployImages } from "./images/open-deploy-images.ts";
import { openImageScope } from "./images/open-scope.ts";
import { runImageCommand } from "./images/run-image-command.ts";
import { runChild } from "./run-child.ts";

/** What of wrangler's options says which login and account it takes. */
const LOGIN_OPTIONS = ["--config", "-c", "--env", "-e", "--env-file", "--profile"];

/**
 * `berth deploy`, in this process.
 *
 * @returns wrangler's exit code
 * @throws {CliError} when wrangler can't be had
 */
export function startDeploy(
  options: DeployOptions,
  { sink, version }: ImageActionsOptions,
): Promise<number> {
  const exit = (exitCode: number): void => process.exit(exitCode);
  return runImageCommand((signal, signals) => deploy(options, { sink, version, signal, signals }), {
    ...{ exit, say: sink.stderr, graceMs: GRACE_MS },
  });
}

interface DeployScope extends ImageActionsOptions {
  readonly signal: AbortSignal;
  readonly signals: EndSignals;
}

async function deploy(
  options: DeployOptions,
  { sink, version, signal, signals }: DeployScope,
): Promise<number> {
  const { projectDir, wranglerArgs, runNetwork } = options;
  const { env, stderr: stream } = process;
  const wrangler = await findWrangler(projectDir);
  const sharedArgs = onlyOptions(wranglerArgs, LOGIN_OPTIONS);
  const ask = createAskWrangler({ wrangler, projectDir, env, signal, sharedArgs });
  return runDeploy(options, {
    env,
    say: (text) => sink.stderr(`berth: ${text}`),
    readConfig: () => readDeployConfig(wrangler, wranglerArgs, projectDir),
    openRegistry: ({ accountId, complianceRegion }) =>
      openCloudflareRegistry({
        ask,
        env: accountId === undefined ? env : { ...env, CLOUDFLARE_ACCOUNT_ID: accountId },
        ...(complianceRegion !== undefined && { complianceRegion }),
      }),
    openImages: async (cloudflare) => {
      const request = { options, env, projectDir, stream, version, signal, cloudflare };
      return openDeployImages(await openImageScope(request), { ask, runNetwork });
    },
    runWrangler: (args, childEnv) =>
      runChild(
        {
          program: wrangler.node,
          args: [wrangler.script, ...args],
          cwd: projectDir,
          env: childEnv,
        },
        signals,
      ),
  });
}
