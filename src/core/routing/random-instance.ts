import { ContainerError } from "../../errors/container-error.ts";

/**
 * Names one of `count` instances by chance.
 *
 * @param count how many there are, an integer from 1 up
 * @param random a number from 0 up to, but not including, 1
 * @returns `instance-0` to `instance-<count - 1>`, the names that `@cloudflare/containers` uses
 * @throws {ContainerError} `INVALID_ARGUMENT` when `count` is not such a number
 */
export function randomInstance(count: number, random: number): string {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot choose a container: the number of instances is ${String(count)}; use an integer from 1 up`,
    );
  }
  return `instance-${Math.floor(random * count)}`;
}
