import { findWrangler } from "../find-wrangler.ts";
import { runImageCommand } from "../images/run-image-command.ts";
import type { LineSink } from "../print-engine-log.ts";
import { runChild } from "../run-child.ts";
import { createAskWrangler } from "./ask-wrangler.ts";
import { openCloudflareRegistry } from "./cloudflare-registry.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { openDeployImages } from "./open-deploy-images.ts";
import { readDeployConfig } from "./read-wrangler-config.ts";
import { runDeploy } from "./run-deploy.ts";
import { onlyOptions } from "./without-options.ts";

/** What {@link createDeployAction} needs. */
export interface DeployActionOptions {
  readonly sink: LineSink;
  /** Of berth. */
  readonly version: string;
}

/** How long an interrupted deployment may take to clean up; wrangler may take as long before. */
const GRACE_MS = 10_000;

/** What of wrangler's options says which login and account it takes. */
const LOGIN_OPTIONS = ["--config", "-c", "--env", "-e", "--env-file", "--profile"];

/** Makes what `berth deploy` does, in this process. */
export function createDeployAction(
  action: DeployActionOptions,
): (options: DeployOptions) => Promise<number> {
  const { sink, version } = action;
  return (options) =>
    runImageCommand(
      async (signal, signals) => {
        const { env, stderr: stream } = process;
        const { projectDir, wranglerArgs, runNetwork } = options;
        const wrangler = await findWrangler(projectDir);
        const sharedArgs = onlyOptions(wranglerArgs, LOGIN_OPTIONS);
        const ask = createAskWrangler({ wrangler, projectDir, env, signal, sharedArgs });
        const scope = { options, env, projectDir, stream, version, signal, runNetwork };
        return runDeploy(options, {
          readConfig: () => readDeployConfig(wrangler, wranglerArgs, projectDir),
          openRegistry: ({ accountId, complianceRegion }) =>
            openCloudflareRegistry({
              ask,
              env: accountId === undefined ? env : { ...env, CLOUDFLARE_ACCOUNT_ID: accountId },
              ...(complianceRegion !== undefined && { complianceRegion }),
            }),
          openImages: (registry) => openDeployImages({ ...scope, registry }),
          runWrangler: (args, childEnv) => {
            const command = { program: wrangler.node, args: [wrangler.script, ...args] };
            return runChild({ ...command, cwd: projectDir, env: childEnv }, signals);
          },
          say: (text) => sink.stderr(`berth: ${text}`),
          env,
        });
      },
      { say: sink.stderr, exit: (exitCode) => process.exit(exitCode), graceMs: GRACE_MS },
    );
}
