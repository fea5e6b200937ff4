import { constants } from "node:os";

import { EngineError } from "../engine-error.ts";

/**
 * Reads a signal as Docker's `kill` does: `SIGTERM`, `TERM` (any case) or `15`.
 *
 * @throws {EngineError} BAD_REQUEST when there is no such signal
 */
export function parseSignal(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : byName(text.toUpperCase());
  if (number === undefined || number < 1 || number > 64) {
    throw new EngineError(
      "BAD_REQUEST",
      `Cannot send signal ${JSON.stringify(text)}: give a name such as SIGTERM or a number 1-64`,
    );
  }
  return number;
}

function byName(name: string): number | undefined {
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  return new Map<string, number>(Object.entries(constants.signals)).get(full);
}
