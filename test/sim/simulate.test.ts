import { Container as PeerContainer } from "@cloudflare/containers";
import { describe, expect, it } from "vitest";
import { Container } from "../../src/index.ts";
import { simulate } from "../../src/testing.ts";

class App extends Container {
  override defaultPort = 8080;
}

class PeerApp extends PeerContainer {
  override defaultPort = 8080;
}

describe("simulate()", () => {
  it("runs a class through a cold start, a request and an idle stop", async () => {
    const box = await simulate(App, { app: () => new Response("hi"), bootMs: 800 });
    const response = await box.fetch("/a");
    expect([response.status, await response.text()]).toEqual([200, "hi"]);
    expect(box.container.starts).toHaveLength(1);
    await box.advance("9m");
    expect(box.container.running).toBe(true);
    await box.advance("2m");
    expect(box.container.running).toBe(false);
    expect(box.hooks.map(({ hook }) => hook)).toEqual(["onStart", "onActivityExpired", "onStop"]);
    box.close();
  });

  it("runs the peer's class, too", async () => {
    const box = await simulate(PeerApp, { app: () => new Response("hi"), bootMs: 800 });
    const response = await box.fetch("/a");
    expect([response.status, await response.text()]).toEqual([200, "hi"]);
    box.close();
  });

  it("stops an idle container of a class whose own alarm, a field, forgets the library's", async () => {
    class Forgetful extends App {
      override alarm = async (): Promise<void> => {};
      override onError(): void {}
    }
    await using box = await simulate(Forgetful);
    await box.fetch("/");
    await box.advance("12m");
    expect(box.container.running).toBe(false);
    expect(box.callsOf("onStop")).toMatchObject([[{ cause: "idle" }]]);
  });

  it("bounds a hook that ends its object in its first turn", async () => {
    class Suicidal extends App {
      override onStop(): void {
        this.ctx.abort("died in onStop");
      }
      override onError(): void {}
    }
    await using box = await simulate(Suicidal);
    await box.fetch("/");
    await box.advance("3h");
    expect(box.callsOf("onStop")).toHaveLength(5);
    expect(box.alarmsPerHour()).toBeLessThan(20);
  });

  it("carries a WebSocket", async () => {
    const app = (): Response => {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`echo ${String(data)}`));
      return new Response(null, { status: 101, webSocket: client });
    };
    const box = await simulate(App, {
      app: (request) => (request.headers.get("upgrade") ? app() : new Response()),
    });
    const { webSocket } = await box.fetch("/", { headers: { upgrade: "websocket" } });
    const messages: unknown[] = [];
    webSocket?.accept();
    webSocket?.addEventListener("message", ({ data }) => messages.push(data));
    webSocket?.send("a");
    await box.advance("1s");
    expect(messages).toEqual(["echo a"]);
    box.close();
  });
});
