/** A Worker that takes what its containers send, and tells what it saw. */
export const EGRESS_WORKER = `
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Outbound extends WorkerEntrypoint {
  async fetch(request) {
    const body = await request.text();
    return new Response([this.ctx.props.tag, request.method, request.url, body].join(" ").trim());
  }
}

export class Raw extends DurableObject {
  async fetch(request) {
    const url = new URL(request.url);
    const options = JSON.parse(url.searchParams.get("options") ?? "{}");
    try {
      return Response.json((await this[url.pathname.slice(1)](options)) ?? null);
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  }

  start(options) {
    this.ctx.container.start(options);
    this.ctx.container.monitor().catch(() => undefined);
  }

  async intercept({ http, https, tag }) {
    const worker = this.ctx.exports.Outbound({ props: { tag } });
    if (http === "all") await this.ctx.container.interceptAllOutboundHttp(worker);
    else if (http !== undefined) await this.ctx.container.interceptOutboundHttp(http, worker);
    if (https !== undefined) await this.ctx.container.interceptOutboundHttps(https, worker);
  }

  async exec({ argv, env = {} }) {
    const child = await this.ctx.container.exec(argv, { stderr: "pipe", env });
    const { stdout, stderr } = await child.output();
    return new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
  }

  destroy() {
    return this.ctx.container.destroy();
  }
}

export default {
  fetch(request, env) {
    const session = new URL(request.url).searchParams.get("session");
    return env.RAW.get(env.RAW.idFromName(session)).fetch(request);
  },
};
`;

/** An app that has ports 80 and 443 for itself. */
export const PORT_TAKING_APP = `
const { createServer } = require("node:net");
for (const port of [80, 443]) createServer((socket) => socket.end("app itself")).listen(port);
setInterval(() => undefined, 1_000_000);
`;
