// A Worker whose object tries parts of the shell on a real `ctx.container`.
import { DurableObject } from "cloudflare:workers";
import { all } from "../../../src/core/readiness/all.ts";
import { any } from "../../../src/core/readiness/any.ts";
import { exec } from "../../../src/core/readiness/exec.ts";
import { http } from "../../../src/core/readiness/http.ts";
import type { ReadinessCheck } from "../../../src/core/readiness/readiness-check.ts";
import { tcp } from "../../../src/core/readiness/tcp.ts";
import { joinSockets } from "../../../src/worker/join-sockets.ts";
import { runCheck } from "../../../src/worker/run-check.ts";
import { dropSpare, spareRequest } from "../../../src/worker/spare-request.ts";
import { systemClock } from "../../../src/worker/system-clock.ts";
import { watchBody } from "../../../src/worker/watch-body.ts";

const APP_PORT = 8080;
const CLOSED_PORT = 9009;

const CHECKS: Readonly<Record<string, ReadinessCheck>> = {
  http: http("/", { status: 200, body: "ready" }),
  "http 500": http("/failing"),
  "http 404": http("/missing"),
  "http slow": http("/never"),
  "tcp http": tcp(),
  "tcp silent": tcp(9001),
  "tcp greeting": tcp(9002),
  "tcp closed": tcp(CLOSED_PORT),
  "exec true": exec(["true"]),
  "exec false": exec(["false"]),
  "exec 3": exec(["sh", "-c", "exit 3"], { exitCode: 3 }),
  "exec missing": exec(["no-such-program"]),
  "exec slow": exec(["sleep", "60"]),
  any: any(tcp(CLOSED_PORT), http("/never"), exec(["true"])),
  all: all(http("/"), tcp(9001), exec(["true"])),
  "all but one": all(http("/"), tcp(CLOSED_PORT)),
};

/** What came of a check, and how long it took. */
interface Verdict {
  readonly sign: string;
  readonly tookMs: number;
}

interface Env {
  readonly PARTS: DurableObjectNamespace<Parts>;
}

export class Parts extends DurableObject<Env> {
  readonly #events: string[] = [];

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/check":
        return Response.json(await this.#check(searchParams.get("name") ?? ""));
      case "/first":
        return Response.json(await this.#first(searchParams.get("name") ?? ""));
      case "/post":
        return await this.#postTwice(request);
      case "/socket":
        return await this.#join(request);
      case "/events":
        return Response.json(this.#events);
      default:
        return await this.#watch(request);
    }
  }

  /** Checks right after the start: nothing listens yet. */
  async #first(name: string): Promise<readonly Verdict[]> {
    this.#container.start({ enableInternet: false });
    this.ctx.waitUntil(this.#container.monitor().catch(() => {}));
    const verdicts: Verdict[] = [];
    for (let sign = ""; sign !== "ready";) {
      const verdict = await this.#check(name);
      ({ sign } = verdict);
      verdicts.push(verdict);
    }
    return verdicts;
  }

  async #check(name: string): Promise<Verdict> {
    const check = CHECKS[name];
    if (check === undefined) throw new Error(`There is no check ${name}`);
    const runtime = this.#container;
    const beganAtMs = Date.now();
    const sign = await runCheck(check, {
      runtime,
      clock: systemClock,
      port: APP_PORT,
      url: "http://ping",
      probeTimeoutMs: 500,
      abandoned: new AbortController().signal,
    });
    return { sign, tookMs: Date.now() - beganAtMs };
  }

  /** Sends a request to a closed port, and its copy to the app. */
  async #postTwice(request: Request): Promise<Response> {
    const spare = spareRequest(request);
    try {
      await this.#container.getTcpPort(CLOSED_PORT).fetch(request);
      return new Response("The closed port answered", { status: 500 });
    } catch {
      if (spare === undefined) return new Response("gone", { status: 502 });
      const response = await this.#container.getTcpPort(APP_PORT).fetch(spare);
      dropSpare(request, spare);
      return response;
    }
  }

  async #join(request: Request): Promise<Response> {
    const answer = await this.#container.getTcpPort(APP_PORT).fetch(request);
    if (answer.webSocket === null) return answer;
    const { client } = joinSockets(answer.webSocket, {
      onMessage: (message, from) => void this.#events.push(`${from}: ${String(message)}`),
      onClosed: () => void this.#events.push("closed"),
    });
    return new Response(null, { status: 101, webSocket: client });
  }

  async #watch(request: Request): Promise<Response> {
    const answer = await this.#container.getTcpPort(APP_PORT).fetch(request);
    return watchBody(answer, {
      keepAlive: (work) => this.ctx.waitUntil(work),
      onBytes: (sizeBytes) => void this.#events.push(`bytes ${sizeBytes}`),
      onDone: () => void this.#events.push("done"),
      onBroken: () => void this.#events.push("broken"),
    });
  }

  get #container(): NonNullable<DurableObjectState["container"]> {
    const { container } = this.ctx;
    if (container === undefined) throw new Error("Cannot run: the object has no container");
    return container;
  }
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const session = request.headers.get("x-session") ?? "one";
    return env.PARTS.getByName(session).fetch(request);
  },
} satisfies ExportedHandler<Env>;
