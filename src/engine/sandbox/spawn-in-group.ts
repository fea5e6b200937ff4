import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Duplex } from "node:stream";

import { findTool } from "./host-tools.ts";
import { findInheritedFds } from "./inherited-fds.ts";
import { ControlChannel } from "./control-channel.ts";
import type { ResourceGroup } from "./memory-control.ts";
import type { ProcessStreams } from "./process-streams.ts";
import { toolEnv } from "./run-tool.ts";

/** A process that was started for a container, and the channel on its file descriptor 3. */
export interface GroupedProcess {
  readonly child: ChildProcess;
  readonly control: ControlChannel;
}

const controlFd = 3;
const firstJoinFd = 4;

/** Starts a host tool whose descendants all belong to a pod's resource group. */
export function spawnInGroup(
  command: readonly string[],
  streams: ProcessStreams,
  group: ResourceGroup,
): GroupedProcess {
  const joinFds = group.openJoinFds();
  const joins = joinFds.map((_, index) => {
    const fd = firstJoinFd + index;
    return `echo 0 >&${fd}; exec ${fd}>&-; `;
  });
  const inherited = findInheritedFds().filter((fd) => fd >= firstJoinFd + joinFds.length);
  const closes = inherited.map((fd) => `exec ${fd}>&-; `);
  // dash cannot name a file descriptor above 9.
  const shell = inherited.some((fd) => fd > 9) ? (findTool("bash") ?? "sh") : "sh";
  const script = `${joins.join("")}${closes.join("")}exec "$@"`;
  const child = spawn(shell, ["-c", script, "sh", ...command], {
    env: toolEnv,
    cwd: "/",
    // Without a controlling terminal, so that a container cannot reach the engine's.
    detached: true,
    stdio: [...streams.childFds, "pipe", ...joinFds],
  });
  streams.releaseChildFds();
  joinFds.forEach((fd) => closeSync(fd));
  const stream = child.stdio[controlFd];
  if (!(stream instanceof Duplex)) throw new TypeError("the control channel is no stream");
  return { child, control: new ControlChannel(stream) };
}
