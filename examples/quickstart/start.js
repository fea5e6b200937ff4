// What `npm start` at the top of the repository runs: `berth dev` on this folder, and, once it
// answers, two lines to try.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const DEFAULT_PORT = 8787;
const here = fileURLToPath(new URL(".", import.meta.url));
const berth = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** The port that is asked for, else 8787 or, when that is taken, any free one. */
async function choosePort(args) {
  const at = args.indexOf("--port");
  if (at !== -1) return Number(args[at + 1]);
  return (await listenOnce(DEFAULT_PORT)) ?? (await listenOnce(0));
}

function listenOnce(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "localhost", () => {
      const { port: chosen } = server.address();
      server.close(() => resolve(chosen));
    });
  });
}

async function sayWhenReady(url, child) {
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(250);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.status !== 400) continue; // what the Worker says to a request without a session
    console.log(`
Two sessions, two instances. In another terminal:

  curl ${url} -H 'session-id: alice'
  curl ${url} --json '{"session-id": "bob"}'
`);
    return;
  }
}

const args = process.argv.slice(2);
const port = await choosePort(args);
const portArgs = args.includes("--port") ? [] : ["--port", String(port)];
const child = spawn(process.execPath, [berth, "dev", "--cwd", here, ...portArgs, ...args], {
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // Ctrl-C reaches the whole foreground group, so berth has had it already.
  process.on(signal, () =>
    signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal),
  );
}
child.once("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 143)));
await sayWhenReady(`http://localhost:${port}`, child);
