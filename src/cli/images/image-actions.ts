import { buildAction } from "./build-action.ts";
import { deleteAction } from "./delete-action.ts";
import { loadAction, saveAction } from "./file-actions.ts";
import type { CommonOptions, ImageActions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { inspectAction } from "./inspect-action.ts";
import { listAction } from "./list-action.ts";
import { openImageScope, type ScopeRequest } from "./open-scope.ts";
import { printLoad, printPull, printSave } from "./print/print-arrived.ts";
import { printBuild } from "./print/print-build.ts";
import { printDelete } from "./print/print-delete.ts";
import { printInspect } from "./print/print-inspect.ts";
import { printList } from "./print/print-list.ts";
import { printPrune } from "./print/print-prune.ts";
import { printPush } from "./print/print-push.ts";
import { pruneAction } from "./prune-action.ts";
import { pullAction } from "./pull-action.ts";
import { pushAction } from "./push-action.ts";
import { runImageCommand } from "./run-image-command.ts";
import type { LineSink } from "../print-engine-log.ts";

/** What {@link createImageActions} needs. */
export interface ImageActionsOptions {
  readonly sink: LineSink;
  /** Of berth. */
  readonly version: string;
}

/** How long an interrupted command may take to clean up. */
export const GRACE_MS = 10_000;

/** A command: what it does, and how what came of it is said. */
interface CommandWork<Options, Report> {
  readonly act: (options: Options, scope: ImageScope) => Promise<Report>;
  readonly print: (report: Report) => readonly string[];
}

/** Makes what the commands on images do, in this process. */
export function createImageActions({ sink, version }: ImageActionsOptions): ImageActions {
  const toAction =
    <Options extends CommonOptions, Report>(work: CommandWork<Options, Report>) =>
    (options: Options): Promise<number> =>
      runImageCommand(
        async (signal) => {
          const { env, stderr: stream } = process;
          const request = { options, signal, version, env, stream, projectDir: process.cwd() };
          const report = await actIn(request, (scope) => work.act(options, scope));
          const lines = options.isJson
            ? [JSON.stringify(report, undefined, 2)]
            : work.print(report);
          for (const line of lines) sink.stdout(line);
          return 0;
        },
        { say: sink.stderr, exit: (exitCode) => process.exit(exitCode), graceMs: GRACE_MS },
      );
  return {
    build: toAction({ act: buildAction, print: printBuild }),
    push: toAction({ act: pushAction, print: printPush }),
    pull: toAction({ act: pullAction, print: printPull }),
    list: toAction({ act: listAction, print: printList }),
    inspect: toAction({ act: inspectAction, print: printInspect }),
    delete: toAction({ act: deleteAction, print: printDelete }),
    prune: toAction({ act: pruneAction, print: printPrune }),
    load: toAction({ act: loadAction, print: printLoad }),
    save: toAction({ act: saveAction, print: printSave }),
  };
}

/** The bars are gone, and what ran has ended, before results are printed. */
async function actIn<Report>(
  request: ScopeRequest,
  act: (scope: ImageScope) => Promise<Report>,
): Promise<Report> {
  await using scope = await openImageScope(request);
  return await act(scope);
}
