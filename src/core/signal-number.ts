import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

const NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * The number of a signal on Linux.
 *
 * @param signal a name such as `"SIGTERM"`, or a number from 1 to 64
 * @throws {ContainerError} `INVALID_ARGUMENT` for any other value
 */
export function signalNumber(signal: string | number): number {
  const number = NUMBERS[signal] ?? Number(signal);
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot send signal ${shown(signal)}: not a signal; use ${Object.keys(NUMBERS).join(", ")} or a number from 1 to 64`,
  );
}
