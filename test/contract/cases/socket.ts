import { APP_PORT, OTHER_PORT, startApp } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation, type Probe } from "../contract-case.ts";

const ADDRESS = "10.0.0.1";

/** Sends text over a raw connection; gives the first line of what comes. */
async function exchange(probe: Probe, port: number, text: string): Promise<Observation> {
  const socket = probe.container.getTcpPort(port).connect(`${ADDRESS}:${port}`);
  const opened = await socket.opened.then(
    () => true,
    () => false,
  );
  const writer = (socket.writable as WritableStream<Uint8Array>).getWriter();
  await writer.write(new TextEncoder().encode(text)).catch(() => {});
  const answer = await new Response(socket.readable as ReadableStream).text();
  return { opened, line: answer.split("\r\n")[0] ?? "" };
}

async function openWebSocket(probe: Probe): Promise<WebSocket> {
  const port = probe.container.getTcpPort(APP_PORT);
  const response = await port.fetch("http://app/ws", { headers: { upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`No WebSocket: ${response.status}`);
  socket.accept();
  return socket;
}

export const socketCases: readonly ContractCase[] = [
  insideCase({
    title: "a raw connection reaches the app",
    step: async (probe) => {
      await startApp(probe);
      const request = "GET / HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n";
      return await exchange(probe, APP_PORT, request);
    },
    expected: { opened: true, line: "HTTP/1.1 200 OK" },
  }),
  insideCase({
    title: "a raw connection to a closed port opens, and ends",
    step: async (probe) => {
      await startApp(probe);
      return await exchange(probe, OTHER_PORT, "hello");
    },
    expected: { opened: true, line: "" },
  }),
  insideCase({
    title: "a WebSocket carries messages both ways, and the app's close",
    step: async (probe) => {
      await startApp(probe);
      const socket = await openWebSocket(probe);
      const seen: Observation[] = [];
      socket.addEventListener("message", ({ data }) => seen.push(String(data)));
      const closed = new Promise<void>((resolve) => {
        socket.addEventListener("close", ({ code, reason, wasClean }) => {
          seen.push({ code, reason, wasClean });
          resolve();
        });
      });
      socket.send("one");
      socket.send("close 4001");
      await closed;
      return seen;
    },
    expected: ["echo one", { code: 4001, reason: "as told", wasClean: true }],
  }),
  insideCase({
    title: "a WebSocket is cut with 1006 when its container ends",
    step: async (probe) => {
      await startApp(probe);
      const socket = await openWebSocket(probe);
      const closed = new Promise<Observation>((resolve) => {
        socket.addEventListener("close", ({ code, wasClean }) => resolve({ code, wasClean }));
      });
      await probe.container.destroy();
      return await closed;
    },
    expected: { code: 1006, wasClean: false },
  }),
];
