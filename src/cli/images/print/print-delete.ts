import type { DeleteReport } from "../delete-action.ts";

/** Writes what was deleted, and what that breaks. */
export function printDelete({ deleted, from, broken }: DeleteReport): readonly string[] {
  const place = from === "registry" ? "from its registry" : "from the store";
  return [`deleted ${deleted} ${place}`, ...broken.map((use) => `  breaks: ${use}`)];
}
