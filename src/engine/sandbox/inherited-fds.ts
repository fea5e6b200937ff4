import { readdirSync, readFileSync } from "node:fs";

const closeOnExec = 0o2000000;
const lastStdioFd = 2;

/**
 * Finds what this process would pass on to every program it starts: file descriptors that its own
 * parent left open. Those that Node opens itself are closed by exec.
 */
export function findInheritedFds(): readonly number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > lastStdioFd && isPassedOn(fd));
}

function isPassedOn(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"));
    return flags?.[1] !== undefined && (Number.parseInt(flags[1], 8) & closeOnExec) === 0;
  } catch {
    return false; // Closed since it was listed.
  }
}
