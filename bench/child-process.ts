import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What became of a command. */
export interface Ended {
  readonly tookMs: number;
  readonly stdout: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told the pid while it runs, now and then. */
  readonly onTick?: (pid: number) => void;
}

const TICK_MS = 20;

/** Runs a command to its end, and throws with what it said unless it succeeds. */
export async function runCommand(
  [file = "", ...args]: readonly string[],
  { cwd, env = {}, onTick }: RunOptions = {},
): Promise<Ended> {
  const beganAtMs = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const parts: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  child.stdout.on("data", (piece: Buffer) => (parts.stdout += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (parts.stderr += piece.toString()));
  const timer = setInterval(() => onTick?.(child.pid ?? 0), TICK_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    const tookMs = performance.now() - beganAtMs;
    if (code === 0) return { tookMs, stdout: parts.stdout };
    throw new Error(`${file} ${args.join(" ")} ended with ${code}: ${parts.stderr}${parts.stdout}`);
  } finally {
    clearInterval(timer);
  }
}

/** The most memory that a process has had, in MB; 0 when it is gone. */
export function peakMemoryMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return (Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0; // it has ended
  }
}
