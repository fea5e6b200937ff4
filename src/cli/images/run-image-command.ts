import { EndSignals } from "../end-signals.ts";

/** How {@link runImageCommand} ends what does not end by itself. */
export interface InterruptOptions {
  readonly say: (line: string) => void;
  /** Ends the process at once. */
  readonly exit: (exitCode: number) => void;
  /** How long work that was told to end may take. */
  readonly graceMs: number;
}

/**
 * Does the work of one command, which Ctrl-C ends in good order: transfers are cut, steps that run
 * are ended, what was half written is removed. A second Ctrl-C, or too long a wait, ends it anyhow.
 *
 * @param work told the signals too, for a child that runs in the foreground
 * @returns the work's exit code; 128 + N when signal N ended it
 */
export async function runImageCommand(
  work: (signal: AbortSignal, signals: EndSignals) => Promise<number>,
  { say, exit, graceMs }: InterruptOptions,
): Promise<number> {
  using signals = new EndSignals();
  const interruption = new AbortController();
  let graceTimer: NodeJS.Timeout | undefined;
  signals.listen(() => {
    const exitCode = signals.exitCode ?? 1;
    if (interruption.signal.aborted) return exit(exitCode);
    graceTimer = setTimeout(() => exit(exitCode), graceMs);
    interruption.abort();
  });
  try {
    return await work(interruption.signal, signals);
  } catch (error) {
    // Whatever the work fails with after it was told to end, it failed because of that.
    if (!interruption.signal.aborted || signals.exitCode === undefined) throw error;
    say("berth: interrupted; nothing was left half written");
    return signals.exitCode;
  } finally {
    clearTimeout(graceTimer);
  }
}
