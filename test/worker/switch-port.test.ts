import { describe, expect, it } from "vitest";
import { portFromRequest, switchPort } from "../../src/worker/switch-port.ts";
import { createBox } from "./box.ts";

const HEADER = "cf-container-target-port";

// Answers with what reached the app: its port, our header, and the body.
const container = {
  ports: [8080, 9090],
  app: async (request: Request, { port }: { port: number }): Promise<Response> => {
    if (request.headers.get("upgrade") === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.send(`port ${port}, header ${request.headers.get(HEADER)}`);
      return new Response(null, { status: 101, webSocket: client });
    }
    return new Response(
      `port ${port}, header ${request.headers.get(HEADER)}, ${await request.text()}`,
    );
  },
};

describe("switchPort()", () => {
  it("reaches the other port through the stub, with method, headers and body", async () => {
    const { stub } = createBox({ container, fields: { allowedPorts: [9090] } });
    const request = new Request("http://box/a?b=c", { method: "POST", body: "hello" });
    const response = await stub.fetch(switchPort(request, 9090));
    expect(await response.text()).toBe("port 9090, header null, hello");
  });

  it("reaches it for a WebSocket too", async () => {
    const { stub } = createBox({ container, fields: { allowedPorts: [9090] } });
    const request = new Request("http://box/", { headers: { upgrade: "websocket" } });
    const { webSocket } = await stub.fetch(switchPort(request, 9090));
    const message = new Promise((resolve) => {
      webSocket?.addEventListener("message", ({ data }) => resolve(data));
    });
    webSocket?.accept();
    expect(await message).toBe("port 9090, header null");
    webSocket?.close();
  });

  it("sets the header that @cloudflare/containers reads, and keeps what cf held", () => {
    const request = new Request("http://box/", { cf: { country: "NL" } });
    const switched = switchPort(request, 9090);
    expect(switched.headers.get(HEADER)).toBe("9090");
    expect(switched.cf).toMatchObject({ country: "NL" });
  });

  it.each([0, 65_536, NaN, 80.5])("rejects %d", (port) => {
    expect(() => switchPort(new Request("http://box/"), port)).toThrow(
      `[INVALID_PORT] Cannot use the port of switchPort(): ${port} is not a port`,
    );
  });
});

describe("A port that the class does not name", () => {
  it.each([
    ["is refused", {}, 403, "PORT_NOT_ALLOWED"],
    ["is refused although others are allowed", { allowedPorts: [9091] }, 403, "PORT_NOT_ALLOWED"],
    ["is reached where the class requires it", { requiredPorts: [8080, 9090] }, 200, null],
    ["is reached where the class allows any", { allowedPorts: "any" as const }, 200, null],
  ])("%s", async (_how, fields, status, code) => {
    const { stub } = createBox({ container, fields });
    const response = await stub.fetch(switchPort(new Request("http://box/"), 9090));
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([status, code]);
    await response.text();
  });
});

describe("portFromRequest()", () => {
  it("ignores and drops a header that a client sent and the Worker forwarded", async () => {
    const { stub } = createBox({ container, fields: { allowedPorts: [9090] } });
    const forged = new Request("http://box/", { headers: { [HEADER]: "9090" } });
    expect(await (await stub.fetch(forged)).text()).toBe("port 8080, header null, ");
  });

  it("passes a request without the header on as it is", () => {
    const request = new Request("http://box/");
    expect(portFromRequest(request)).toEqual({ port: undefined, request });
    expect(portFromRequest(request).request).toBe(request);
  });

  it("lets the Worker's port win over a client's header", async () => {
    const { stub } = createBox({ container, fields: { allowedPorts: [9090] } });
    const forged = new Request("http://box/", { headers: { [HEADER]: "22" } });
    const response = await stub.fetch(switchPort(forged, 9090));
    expect(await response.text()).toBe("port 9090, header null, ");
  });
});
