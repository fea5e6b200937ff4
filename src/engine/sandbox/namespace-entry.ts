import type { SandboxFacts } from "./sandbox.ts";

/** The command line that enters some namespaces of a process. */
export function enterNamespaces(
  target: number,
  privilege: SandboxFacts["privilege"],
  namespaces: readonly string[],
): readonly string[] {
  const user = privilege === "root" ? [] : ["--user", "--preserve-credentials"];
  return ["nsenter", `--target=${target}`, ...user, ...namespaces.map((name) => `--${name}`), "--"];
}
