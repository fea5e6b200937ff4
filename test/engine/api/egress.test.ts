import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findTool } from "../../../src/engine/sandbox/host-tools.ts";
import { startEngine, type Engine, type EngineLog } from "../../../src/engine/start-engine.ts";
import {
  hostAddress,
  makeRemote,
  remoteAddress,
  startInRemote,
} from "../sandbox/remote-network.ts";
import { ATTEMPT } from "./fakes/attempt.ts";
import { EGRESS_WORKER, PORT_TAKING_APP } from "./fakes/egress-worker.ts";
import { startRuntime, type Runtime } from "./fakes/miniflare.ts";

const CERTIFICATE = "/etc/cloudflare/certs/cloudflare-containers-ca.crt";
const DOCKERFILE = 'FROM node:22\nWORKDIR /app\nCOPY app.js .\nCMD ["node", "app.js"]\n';
const hasTool = ["nft", "iptables-restore"].some((name) => findTool(name) !== undefined);

describe.skipIf(!hasTool)("egress of ctx.container (skipped without nft or iptables)", () => {
  const logs: EngineLog[] = [];
  let directory: string;
  let engine: Engine;
  let runtime: Runtime;
  let url: URL;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-egress-"));
    await writeFile(join(directory, "app.js"), PORT_TAKING_APP);
    engine = await startEngine({
      stateDir: join(directory, "state"),
      log: (event) => logs.push(event),
    });
    await build({ dockerfile: DOCKERFILE, contextDir: directory, tag: "app:latest" });
    runtime = startRuntime(engine.env["DOCKER_HOST"] ?? "", EGRESS_WORKER);
    url = await runtime.ready;
  });

  afterAll(async () => {
    await runtime.dispose();
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function build(body: object): Promise<void> {
    const target = { socketPath: engine.socketPath, method: "POST", path: "/berth/build" };
    const outgoing = request({ ...target, agent: false });
    outgoing.end(JSON.stringify({ ...body, buildArgs: {} }));
    const [response] = await once(outgoing, "response");
    await buffer(response);
  }

  async function act(session: string, action: string, options: object = {}): Promise<unknown> {
    const target = new URL(`/${action}`, url);
    target.searchParams.set("session", session);
    target.searchParams.set("options", JSON.stringify(options));
    return (await fetch(target)).json();
  }

  async function attempt(session: string, ...targets: readonly string[]): Promise<unknown> {
    const env = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
    const output = await act(session, "exec", { argv: ["node", "-e", ATTEMPT, ...targets], env });
    return typeof output === "string" ? JSON.parse(output) : output;
  }

  it("takes HTTP by name and by address, of both families, with the internet off", async () => {
    await act("http", "intercept", { http: "all", tag: "all" });
    await act("http", "start", { enableInternet: false });
    expect(
      await attempt(
        "http",
        "http://a.example/x?y=1",
        "http://203.0.113.9/z",
        "http://[2001:db8::7]/six",
        "http://203.0.113.9/|other.example",
      ),
    ).toEqual([
      "all GET http://a.example/x?y=1",
      "all GET http://203.0.113.9/z",
      "all GET http://[2001:db8::7]/six",
      "all GET http://other.example/",
    ]);
  });

  it("leaves ports 80 and 443 of the app's own to the app", async () => {
    const own = ["tcp:127.0.0.1:80", "tcp:127.0.0.1:443"];
    expect(await attempt("http", ...own)).toEqual(["app itself", "app itself"]);
  });

  it("refuses all else while the internet is off", async () => {
    expect(
      await attempt(
        "http",
        "tcp:203.0.113.9:81",
        "tcp:203.0.113.9:8443",
        "udp:203.0.113.9:443",
        "tls:203.0.113.9:443:a.example",
      ),
    ).toEqual(["ENETUNREACH", "ENETUNREACH", "ENETUNREACH", "ECONNRESET"]);
  });

  it("takes HTTPS of a host with the certificate that it put into the instance alone", async () => {
    await act("https", "intercept", { https: "*.example", tag: "tls" });
    await act("https", "start", { enableInternet: false });
    expect(
      await attempt(
        "https",
        "https://a.example/secret",
        "https://deep.b.example/",
        "https://a.example/|b.example",
        "name:other.invalid",
        "http://a.example/plain",
      ),
    ).toEqual([
      "tls GET https://a.example/secret",
      "tls GET https://deep.b.example/",
      "tls GET https://b.example/",
      "ENOTFOUND",
      "ECONNRESET",
    ]);
    expect(existsSync(CERTIFICATE)).toBe(false);
  });

  it("takes what a running instance sends from when it is asked to", async () => {
    await act("late", "start", { enableInternet: false });
    const targets = ["http://a.example/", "https://a.example/", "https://203.0.113.9/"];
    expect(await attempt("late", ...targets)).toEqual(["ENOTFOUND", "ENOTFOUND", "ENETUNREACH"]);
    await act("late", "intercept", { http: "a.example", https: "a.example", tag: "late" });
    await act("late", "intercept", { https: "203.0.113.9", tag: "address" });
    expect(await attempt("late", ...targets)).toEqual([
      "late GET http://a.example/",
      "late GET https://a.example/",
      "address GET https://203.0.113.9/",
    ]);
  });

  const isRoot = process.getuid?.() === 0;
  describe.skipIf(!isRoot || findTool("nft") === undefined)(
    "with the internet on (skipped without root or nft)",
    () => {
      let removeRemote: () => void;
      let origin: Awaited<ReturnType<typeof startInRemote>>;
      const own = createServer((socket) => socket.end("the host's own"));

      beforeAll(async () => {
        removeRemote = makeRemote();
        const script = fileURLToPath(new URL("fakes/tls-origin.ts", import.meta.url));
        origin = await startInRemote(script);
        own.listen(80, hostAddress);
        await once(own, "listening");
        await act("open", "intercept", { https: "taken.example", tag: "taken" });
        await act("open", "intercept", { http: "169.254.169.254", tag: "metadata" });
        await act("open", "start", { enableInternet: true });
      });
      afterAll(() => {
        removeRemote();
        origin.child.kill();
        own.close();
      });

      it("passes the TLS of other hosts on, with the origin's own certificate", async () => {
        const [taken, other] = ["taken.example", "other.example"];
        const certificate = await act("open", "exec", { argv: ["cat", CERTIFICATE] });
        const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;
        expect(
          await attempt(
            "open",
            `tls:${remoteAddress}:443:${taken}`,
            `tls:${remoteAddress}:443:${other}`,
            `https://taken.example/`,
          ),
        ).toEqual([
          `DNS:${taken} by ${fingerprintOf(String(certificate))}`,
          `DNS:${other} by ${fingerprintOf(origin.output)}`,
          "taken GET https://taken.example/",
        ]);
      });

      it("leads to no address of the host or of a private network, but to a Worker", async () => {
        expect(
          await attempt(
            "open",
            `http://${hostAddress}/`,
            `http://${hostAddress}/|rebound.example`,
            `tls:${hostAddress}:443:rebound.example`,
            "http://10.0.0.1/|rebound.example",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest",
            `tls:${hostAddress}:443:taken.example`,
          ),
        ).toEqual([
          ...["ECONNRESET", "ECONNRESET", "ECONNRESET", "ECONNRESET", "EINVAL"],
          "metadata GET http://169.254.169.254/latest",
          expect.stringContaining("DNS:taken.example by "),
        ]);
      });
    },
  );
});
