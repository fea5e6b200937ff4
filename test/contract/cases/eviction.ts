import { NO_LISTENER, ask, sleep, startApp } from "../container-app.ts";
import {
  outsideCase,
  type ContractCase,
  type ContractClient,
  type Observation,
  type Phase,
  type Step,
} from "../contract-case.ts";
import { outcome } from "../outcome.ts";

/** Longer than the ten seconds after which an object is evicted that nothing holds, on a slow machine, too. */
const IDLE_MS = 18_000;
const LONG_MS = 40_000;

const start: Step = async (probe) => {
  await startApp(probe);
  return null;
};
const startLasting: Step = async (probe) => {
  await probe.container.setInactivityTimeout(LONG_MS);
  return await start(probe, null);
};
const startIdle: Step = ({ container }) => {
  container.start(NO_LISTENER);
  return null;
};

const EVICTED = { constructions: 2, wasRunning: false, running: false };
const KEPT = { constructions: 1, wasRunning: false, running: true };
const ADOPTED = { constructions: 2, wasRunning: true, running: true };

/** Starts a container, has the object do something, and looks what is left of it. */
function whileDoing(step: Step): Pick<ContractCase, "steps"> & { readonly phase: Phase } {
  return {
    steps: { start: startIdle, step },
    phase: async (client) => {
      await client.act("start");
      await client.act("step");
      await sleep(IDLE_MS);
      return await client.act("look");
    },
  };
}

/** Talks over a WebSocket that the container answers, one message a second. */
async function talk(client: ContractClient): Promise<Observation> {
  await client.act("start");
  const response = await client.fetch("/ws", { headers: { upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`No WebSocket: ${response.status}`);
  let echoes = 0;
  let closed: number | null = null;
  socket.accept();
  socket.addEventListener("message", () => (echoes += 1));
  socket.addEventListener("close", ({ code }) => (closed = code));
  for (let spentMs = 0; spentMs < IDLE_MS && closed === null; spentMs += 1000) {
    socket.send("tick");
    await sleep(1000);
  }
  return { echoes: echoes >= 8, closed, ...Object(await client.act("look")) } as Observation;
}

export const evictionCases: readonly ContractCase[] = [
  outsideCase({
    title: "an object without events is evicted, with its container",
    ...whileDoing(() => null),
    expected: EVICTED,
  }),
  outsideCase({
    title: "a WebSocket that is passed on does not keep its object, and is cut",
    steps: { start },
    phase: talk,
    expected: { echoes: true, closed: 1006, ...EVICTED },
  }),
  outsideCase({
    title: "with setInactivityTimeout() the container and its WebSocket outlive the object",
    steps: { start: startLasting },
    phase: talk,
    expected: { echoes: true, closed: null, ...ADOPTED },
  }),
  outsideCase({
    title: "an event stream that is passed on does not keep its object, and is cut",
    steps: { start },
    phase: async (client) => {
      await client.act("start");
      const response = await client.fetch("/events");
      const read = await outcome(async () => (await response.text()).length);
      return {
        cut: "rejected" in Object(read),
        ...Object(await client.act("look")),
      } as Observation;
    },
    expected: { cut: true, ...EVICTED },
  }),
  outsideCase({
    title: "an event stream that the object copies keeps it",
    steps: { start },
    fetch: async ({ container }, request) => {
      const response = await container.getTcpPort(8080).fetch(request);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      void (async () => {
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          await writer.write(part.value);
        }
      })().catch(() => {}); // the client has left
      return new Response(readable, response);
    },
    phase: async (client) => {
      await client.act("start");
      const response = await client.fetch("/events");
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const untilMs = Date.now() + IDLE_MS;
      while (Date.now() < untilMs) await reader.read();
      const seen = await client.act("look");
      await reader.cancel();
      return seen;
    },
    expected: KEPT,
  }),
  outsideCase({
    title: "a WebSocket that hibernates does not keep its object, nor the container",
    steps: { start: startIdle, message: ({ container }) => container.running },
    fetch: ({ ctx }) => {
      const { 0: client, 1: server } = new WebSocketPair();
      ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    },
    phase: async (client) => {
      await client.act("start");
      const response = await client.fetch("/", { headers: { upgrade: "websocket" } });
      const socket = response.webSocket;
      if (socket === null) throw new Error(`No WebSocket: ${response.status}`);
      socket.accept();
      const ask = (): Promise<string> => {
        socket.send("look");
        return new Promise((resolve) => {
          socket.addEventListener("message", ({ data }) => resolve(String(data)), { once: true });
        });
      };
      const before = await ask();
      await sleep(IDLE_MS);
      return { before, after: await ask(), ...Object(await client.act("look")) } as Observation;
    },
    expected: { before: "true", after: "false", ...EVICTED },
  }),
  outsideCase({
    title: "waitUntil() keeps the object for as long as its work",
    ...whileDoing(({ ctx, container }) => {
      ctx.waitUntil(container.monitor().catch(() => {}));
      return null;
    }),
    expected: KEPT,
  }),
  outsideCase({
    title: "an interval keeps the object",
    ...whileDoing(() => {
      setInterval(() => {}, 1000);
      return null;
    }),
    expected: KEPT,
  }),
  outsideCase({
    title: "a request to the container that hangs keeps the object",
    steps: { start, step: (probe) => (void ask(probe, "/hang").catch(() => {}), null) },
    phase: async (client) => {
      await client.act("start");
      await client.act("step");
      await sleep(IDLE_MS);
      return await client.act("look");
    },
    expected: KEPT,
  }),
  outsideCase({
    title: "an alarm that is at work keeps the object",
    ...whileDoing(async ({ storage }) => {
      await storage.setAlarm(Date.now());
      return null;
    }),
    steps: {
      start: startIdle,
      step: async ({ storage }) => (await storage.setAlarm(Date.now()), null),
      alarm: async () => (await sleep(IDLE_MS + 2000), null),
    },
    expected: KEPT,
  }),
  outsideCase({
    title: "with setInactivityTimeout() the container outlives an object without events",
    ...whileDoing(async ({ container }) => {
      await container.setInactivityTimeout(LONG_MS);
      return null;
    }),
    expected: ADOPTED,
  }),
  outsideCase({
    title: "setInactivityTimeout() stops nothing by itself",
    ...whileDoing(async ({ ctx, container }) => {
      await container.setInactivityTimeout(500);
      ctx.waitUntil(sleep(IDLE_MS + 1000));
      return null;
    }),
    expected: KEPT,
  }),
];
