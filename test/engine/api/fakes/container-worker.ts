/** A Worker whose Durable Object does to `ctx.container` what the path says. */
export const CONTAINER_WORKER = `
import { DurableObject } from "cloudflare:workers";

const text = (bytes) => new TextDecoder().decode(bytes);

export class Raw extends DurableObject {
  async fetch(request) {
    const url = new URL(request.url);
    const options = JSON.parse(url.searchParams.get("options") ?? "{}");
    const action = this[url.pathname.slice(1)];
    try {
      return Response.json((await action.call(this, options)) ?? null);
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  }

  async start(options) {
    this.ctx.container.start({ enableInternet: false, ...options });
    this.exit = this.ctx.container.monitor().then(
      () => 0,
      (error) => error.exitCode ?? String(error),
    );
    return this.get({ path: "/", deadlineMs: Date.now() + 10_000 });
  }

  async get({ path, port = 8080, deadlineMs = 0 }) {
    const target = this.ctx.container.getTcpPort(port);
    for (;;) {
      try {
        return await (await target.fetch("http://app" + path)).text();
      } catch (error) {
        const isOver = Date.now() > deadlineMs || !this.ctx.container.running;
        if (isOver) return String(error);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  async exec({ argv, input, ...options }) {
    const child = await this.ctx.container.exec(argv, {
      stderr: "pipe",
      ...(input === undefined ? {} : { stdin: "pipe" }),
      ...options,
    });
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    }
    const { exitCode, stdout, stderr } = await child.output();
    return { exitCode, stdout: text(stdout), stderr: text(stderr) };
  }

  async execAndKill({ argv }) {
    const child = await this.ctx.container.exec(argv);
    child.kill(15);
    return { exitCode: await child.exitCode };
  }

  monitor() {
    return this.exit;
  }

  running() {
    return this.ctx.container.running;
  }

  signal({ number }) {
    this.ctx.container.signal(number);
  }

  async destroy() {
    await this.ctx.container.destroy();
    return this.ctx.container.running;
  }

  snapshot() {
    return this.ctx.container.snapshotContainer({ name: "test" });
  }

  inspect() {
    return this.ctx.container.inspect();
  }
}

export default {
  fetch(request, env) {
    const session = new URL(request.url).searchParams.get("session");
    return env.RAW.get(env.RAW.idFromName(session)).fetch(request);
  },
};
`;

/** A server in Node that tells who it is, and obeys some paths. */
export const CONTAINER_APP = `
const { existsSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");

const answers = {
  "/": () => "ready",
  "/env": () => JSON.stringify({ pid: process.pid, ...process.env }),
  "/write": () => writeFileSync("/app/kept", "kept"),
  "/kept": () => String(existsSync("/app/kept")),
  "/exit": () => setTimeout(() => process.exit(3), 5),
};

createServer((request, response) => {
  const answer = answers[request.url]?.();
  response.end(typeof answer === "string" ? answer : "done");
}).listen(8080, () => console.log("listening on 8080"));
`;
