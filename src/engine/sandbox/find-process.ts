import { readFileSync } from "node:fs";

/** Reads a process's start time in clock ticks; with it a pid names one process for ever. */
export function startTimeOf(pid: number): string | undefined {
  return statFields(pid)[19];
}

/** The parent's pid; 0 when the process is gone. */
export function parentOf(pid: number): number {
  return Number(statFields(pid)[1] ?? 0);
}

/** The fields of /proc/PID/stat from the state on; the name before it may hold anything. */
function statFields(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return []; // The process is gone.
  }
}

/** Lists the direct children of a process. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // The process is gone, or the kernel has no such file.
  }
}

/** Sends a signal to a process that may be gone; tells whether it was there. */
export function sendSignal(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // It ended in the meantime.
  }
}
