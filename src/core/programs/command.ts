import { ContainerError } from "../../errors/container-error.ts";

/**
 * Reads a command: a program and its arguments, which no shell reads.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT`
 */
export function parseCommand(command: unknown): readonly string[] {
  const isList = Array.isArray(command) && command.every((part) => typeof part === "string");
  if (isList && command.length > 0 && command[0] !== "" && !command.some(hasNul)) {
    return command.map(String);
  }
  const found = JSON.stringify(command) ?? "nothing";
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot run ${found}: not a command; use a list of texts such as ["ls", "-l"], or ["sh", "-c", "ls | wc"] for a shell`,
  );
}

function hasNul(part: string): boolean {
  return part.includes("\0");
}
