import { ContainerError } from "../errors/container-error.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
};

/**
 * The number of a signal on Linux.
 *
 * @param signal a name such as `"SIGTERM"`, or a number from 1 to 64
 * @throws {ContainerError} `INVALID_ARGUMENT` for any other value
 */
export function signalNumber(signal: string | number): number {
  const number = typeof signal === "string" ? NUMBERS[signal] : signal;
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= 64) {
    return number;
  }
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot send signal ${JSON.stringify(signal)}: not a signal; use a number from 1 to 64 or one of ${Object.keys(NUMBERS).join(", ")}`,
  );
}
