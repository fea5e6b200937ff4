import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const READY_TIMEOUT_MS = 10_000;

/**
 * A server that boots in a few milliseconds, so that what is measured is the way to it: one answer
 * a connection. Perl stands on any Linux, Node takes ten times as long to boot.
 */
const PERL_SERVER = String.raw`
socket(S, PF_INET, SOCK_STREAM, 0);
setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die;
listen(S, 128);
while (accept(C, S)) {
  $head = "";
  while ($head !~ /\r\n\r\n/) { last unless sysread(C, $head, 4096, length $head) }
  syswrite(C, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  close(C);
}`;

/** The command of the static server. */
export function staticServer(port: number): [string, ...string[]] {
  return ["perl", "-MSocket", "-e", PERL_SERVER, String(port)];
}

/** Spawns the static server on the host and returns the milliseconds to its first answer. */
export async function timeBareSpawn(): Promise<number> {
  const port = await findFreePort();
  const [program, ...args] = staticServer(port);
  const beganAtMs = performance.now();
  const child = spawn(program, args, { stdio: "ignore" });
  try {
    await untilAnswered(port);
    return performance.now() - beganAtMs;
  } finally {
    await end(child);
  }
}

/** The server of the rigs' image on the host's loopback. */
export async function startLoopbackServer(): Promise<{ url: string } & AsyncDisposable> {
  const port = await findFreePort();
  const app = fileURLToPath(new URL("app/server.ts", import.meta.url));
  const child = spawn(process.execPath, [app, String(port)], { stdio: "ignore" });
  await untilAnswered(port);
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => end(child) };
}

async function untilAnswered(port: number): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(1);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}
