import { dropCommand, enterCommand, type AppCommand } from "./app-command.ts";
import { childrenOf } from "./find-process.ts";
import { requireTools, toolPath } from "./host-tools.ts";
import type { ResourceGroup } from "./memory-control.ts";
import { enterNamespaces } from "./namespace-entry.ts";
import type { PodResources } from "./pod-resources.ts";
import { toProcessExit } from "./process-exit.ts";
import { openProcessStreams } from "./process-streams.ts";
import { runTool } from "./run-tool.ts";
import type { SandboxProcess, TtySize } from "./sandbox.ts";
import { exitOf, toSandboxProcess } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { shellQuote } from "./shell-quote.ts";
import { spawnInGroup } from "./spawn-in-group.ts";

/** The app beside which a terminal is opened. */
export interface TerminalTarget {
  readonly resources: PodResources;
  readonly group: ResourceGroup;
  /** The app's pid on the host. */
  readonly appPid: number;
}

// nsenter stops when what it waits for is stopped, and a stopped one would keep the app from ending.
// The shell waits outside of the pid namespace; it has no stderr, for there it would say "Killed".
const waitScript = 'exec 8>&2 2>&-; ( exec 2>&8 8>&-; exec "$@" ); exit $?';
const namespaces = ["mount", "pid", "net", "ipc", "uts", "cgroup"];

/** Starts a command on a pseudo-terminal, in an app's namespaces and with the app's privileges. */
export async function startTerminal(
  command: AppCommand,
  size: TtySize,
  target: TerminalTarget,
): Promise<SandboxProcess> {
  const { resources, appPid } = target;
  const { privilege } = resources.facts;
  const [enter = "", ...flags] = enterNamespaces(appPid, privilege, namespaces);
  const wait = ["sh", "-c", waitScript, "sh"];
  const streams = await openProcessStreams(resources.pipes);
  const { child, control } = spawnInGroup(
    [enter, "--no-fork", ...flags, ...wait, ...terminalCommand(command, size, privilege)],
    streams,
    target.group,
  );
  const exited = exitOf(child);
  const { line, text } = await control.until("started ");
  control.close();
  const [, pid, terminal = ""] = line?.split(" ") ?? [];
  if (pid === undefined)
    throw new SandboxError("EXEC_FAILED", `Cannot exec ${command.argv[0] ?? ""}: ${text}`);
  return toSandboxProcess({
    exited: exited.then((exitCode) => toProcessExit(exitCode, target.group)),
    streams,
    hostPid: innermostChild(child.pid ?? 0),
    pid: Number(pid),
    resize: (columns, rows) => resizeTerminal(target, terminal, { columns, rows }),
  });
}

/** The process behind the waiting shell and `script`. */
function innermostChild(pid: number): number {
  const [child = pid] = childrenOf(pid);
  const [grandchild = child] = childrenOf(child);
  return grandchild;
}

/**
 * `script` makes the pseudo-terminal in the container's own devpts. It runs after the privileges are
 * dropped, but still from the stage, for an image need not have it.
 */
function terminalCommand(
  command: AppCommand,
  size: TtySize,
  privilege: PodResources["facts"]["privilege"],
): readonly string[] {
  requireTools(["script", "stty"]);
  const enter = enterCommand(command, privilege).map(shellQuote).join(" ");
  const inner = `stty cols ${size.columns} rows ${size.rows}; echo "started $$ $(tty)" >&3; exec 3>&-; exec ${enter}`;
  return [
    ...["sh", "-c", 'umask 022; exec "$@"', "sh", ...dropCommand(command.user, privilege)],
    ...["env", "-i", `PATH=${toolPath}`, "SHELL=/bin/sh"],
    ...["script", "--quiet", "--return", "--flush", "--command", inner, "/dev/null"],
  ];
}

async function resizeTerminal(
  target: TerminalTarget,
  terminal: string,
  size: TtySize,
): Promise<void> {
  const { privilege } = target.resources.facts;
  const [program = "", ...args] = [
    ...enterNamespaces(target.appPid, privilege, ["mount"]),
    ...["stty", "-F", terminal, "cols", `${size.columns}`, "rows", `${size.rows}`],
  ];
  const { exitCode, output } = await runTool(program, args);
  if (exitCode !== 0) throw new SandboxError("EXEC_FAILED", `Cannot resize: ${output.trim()}`);
}
