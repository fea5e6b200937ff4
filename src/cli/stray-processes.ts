import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** The variable by which a process is known as one that a `berth dev` started. */
export const SESSION_VARIABLE = "BERTH_DEV_SESSION";

/** Names this process for good, since pids are used again and differ between pid namespaces. */
export function sessionOfThisProcess(): string {
  return `${process.pid}.${startTicksOf(process.pid) ?? "0"}.${pidNamespace()}`;
}

/** Kills what a session left, as when wrangler was killed and its workerd was not. */
export function killSession(session: string): void {
  killWhere((owner) => owner === session);
}

/** Kills what sessions left whose own process is gone, as after `kill -9` of berth. */
export function killStraySessions(): void {
  killWhere((owner) => !isAlive(owner));
}

function killWhere(isStray: (session: string) => boolean): void {
  if (process.platform !== "linux") return;
  for (const pid of listPids()) {
    const session = sessionOf(pid);
    if (session === undefined || !isHere(session) || !isStray(session)) continue;
    if (!isOfWrangler(pid)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      continue; // it went by itself
    }
  }
}

function listPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function sessionOf(pid: number): string | undefined {
  const prefix = `${SESSION_VARIABLE}=`;
  const entry = readText(`/proc/${pid}/environ`)
    ?.split("\0")
    .find((line) => line.startsWith(prefix));
  return entry?.slice(prefix.length);
}

/** A browser or editor that was opened from wrangler has our variable too, and is not ours to end. */
function isOfWrangler(pid: number): boolean {
  const argv = readText(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
  return argv.some((arg) =>
    /(^|\/)(workerd|esbuild)$|\/node_modules\/(wrangler|miniflare)\//.test(arg),
  );
}

function isAlive(session: string): boolean {
  const [pid, startTicks] = session.split(".");
  return startTicksOf(Number(pid)) === startTicks;
}

/** A session of another pid namespace has pids that mean nothing here. */
function isHere(session: string): boolean {
  const [pid, startTicks, namespace] = session.split(".");
  return pid !== undefined && startTicks !== undefined && namespace === pidNamespace();
}

function startTicksOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The command, in parentheses, may hold spaces; the start time is the 20th field behind it.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "");
  } catch {
    return "0"; // no /proc: no session is found either
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // gone, or another user's
  }
}
