import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Starts a server and waits until it answers; disposing ends it. */
export async function startServer(
  [file = "", ...args]: readonly string[],
  isUp: () => Promise<boolean>,
): Promise<AsyncDisposable> {
  const child = spawn(file, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  const server = {
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`);
    if (await isUp().catch(() => false)) return server;
    await delay(100);
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`${file} does not answer`);
}

/** @returns a port that nobody listens on */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("Cannot find a free port");
}
