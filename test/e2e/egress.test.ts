import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { berthDev, startDevServer, type DevServer } from "./dev-server.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject, type Project } from "./project.ts";

const TIMEOUT_MS = 120_000;

skipWithoutNamespaces();

describe("examples/egress under berth dev", { timeout: TIMEOUT_MS }, () => {
  let project: Project;
  let server: DevServer;

  beforeAll(async () => {
    project = await createProject("examples/egress");
    const { path: cwd, env } = project;
    server = await startDevServer({ command: berthDev(), cwd, env });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await server.stop();
    await project[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  /** What the code in the container is told. */
  async function attempt(url: string, method = "GET", body?: string): Promise<string> {
    const target = new URL("/try", server.url);
    target.searchParams.set("url", url);
    target.searchParams.set("method", method);
    const response = await fetch(target, { method: "POST", body: body ?? null });
    return (await response.text()).trim();
  }

  it("gives the container bindings of the Worker by name", async () => {
    expect(await attempt("http://kv.internal/greeting", "PUT", "hello")).toBe("204");
    expect(await attempt("http://kv.internal/greeting")).toBe("200 hello");
    expect(await attempt("http://KV.Internal./greeting")).toBe("200 hello");
    expect(await attempt("http://kv.internal/other")).toBe("404 no such key");
    expect(await attempt("http://bucket.internal/a/file", "PUT", "bytes")).toBe("204");
    expect(await attempt("http://bucket.internal/a/file")).toBe("200 bytes");
    expect(await attempt("http://db.internal/ada")).toBe('200 [{"name":"ada"}]');
    expect(await attempt("http://counter.internal/")).toBe("200 1");
    expect(await attempt("http://counter.internal/")).toBe("200 2");
  });

  it("does so over HTTPS, by an authority that the container alone trusts", async () => {
    expect(await attempt("https://kv.internal/greeting")).toBe("200 hello");
    expect(await attempt("https://api.example.com/")).toBe("200 authorized");
    expect(existsSync("/etc/cloudflare/certs/cloudflare-containers-ca.crt")).toBe(false);
  });

  it.each([
    "http://secret.internal/",
    "http://SECRET.internal./",
    "https://secret.internal/",
    "http://api.example.com/",
    "http://example.com/",
    "https://example.com/",
    "http://169.254.169.254/latest/meta-data",
    "http://kv.internal.example.com/",
  ])("refuses %s", async (url) => {
    expect(await attempt(url)).toBe("520 Origin is disallowed");
  });

  it("ends TLS that names no host", async () => {
    expect(await attempt("https://1.1.1.1/")).toBe("none ECONNRESET");
  });

  it("has nothing of this machine behind its own addresses", async () => {
    expect(await attempt("http://0x7f000001/")).toBe("none ECONNREFUSED");
  });

  it("leaves no other way out", async () => {
    expect(await attempt("http://kv.internal:8080/greeting")).toMatch(/^none /);
    expect(await attempt("https://1.1.1.1:8443/")).toMatch(/^none /);
  });

  it("tells the class what it refused", async () => {
    await server.printed("refused secret.internal:80");
    await server.printed("refused secret.internal:443");
  });
});
