/** What shells and runtimes say of a program that is not there, or that is none. */
const MISSING = /not found|no such file or directory|permission denied|cannot execute/i;

/**
 * Whether a program was never run: the runtime has a shell start it, which says so in one line and
 * ends with 127, or with 126 where the file is no program. What a program itself says after that
 * code, for example a shell of a command in its script, does not name `exec`.
 *
 * @param program what was to be run
 * @param exitCode what it ended with
 * @param stderr the beginning of what was written to standard error
 */
export function isMissingProgram(
  program: string,
  exitCode: number | null,
  stderr: string,
): boolean {
  if (exitCode !== 127 && exitCode !== 126) return false;
  const [line = "", ...others] = stderr.trim().split("\n");
  if (others.length > 0 || !/\bexec: /.test(line)) return false;
  return (
    line.replace(/^.*?exec: (line \d+: )?/, "").startsWith(`${program}: `) && MISSING.test(line)
  );
}

/** Whether a runtime that starts programs without a shell says that one is not there. */
export function tellsOfMissingProgram(text: string): boolean {
  return /executable file not found|no such file or directory|exec format error/i.test(text);
}
