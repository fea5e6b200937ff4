import { runTool, type ToolResult } from "./run-tool.ts";
import type { SandboxFacts } from "./sandbox.ts";
import { SandboxError } from "./sandbox-error.ts";

const namespaces = [
  "--net",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount",
  "--ipc",
  "--uts",
  "--cgroup",
];

/** The options of `unshare` that make this process's user the root of a user namespace. */
export const userNamespaceFlags: readonly string[] = ["--user", "--map-root-user"];

/**
 * Finds by trial how namespaces can be made here.
 *
 * @throws {SandboxError} `NAMESPACES_FORBIDDEN` when neither as root nor through a user namespace
 */
export async function findPrivilege(
  unshare: (flags: readonly string[]) => Promise<ToolResult> = (flags) =>
    runTool("unshare", [...flags, "--", "true"]),
): Promise<SandboxFacts["privilege"]> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot && (await unshare(namespaces)).exitCode === 0) return "root";
  const result = await unshare([...userNamespaceFlags, ...namespaces]);
  if (result.exitCode === 0) return "user-namespace";
  throw new SandboxError(
    "NAMESPACES_FORBIDDEN",
    `Cannot make namespaces ${isRoot ? "as root" : "as this user"}: ${result.output.trim()}; ` +
      "run as root, or allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, " +
      "user.max_user_namespaces=15000, kernel.unprivileged_userns_clone=1), or inside Docker start " +
      "the outer container with --privileged, or use --engine docker",
  );
}
