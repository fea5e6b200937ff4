import type { SwarmBox } from "./swarm-box.ts";
import { tally } from "./hour-report.ts";

type Client = (box: SwarmBox, id: string) => Promise<string>;

const call =
  (method: string, args: (box: SwarmBox, id: string) => readonly unknown[] = () => []): Client =>
  async (box, id) => {
    await box.stub.call(method, args(box, id));
    return method;
  };

/** Of those who cannot leave by a signal: less than the time in which all must be over. */
const PATIENCE = { instanceTimeout: "25s", readyTimeout: "25s" };

/** What clients do, and how often in a hundred. */
const CLIENTS: readonly (readonly [name: string, share: number, client: Client])[] = [
  ["get", 42, (box, id) => ask(box, id, "/")],
  ["post", 14, (box, id) => ask(box, id, "/", { method: "POST", body: "work" })],
  ["slow", 10, (box, id) => ask(box, id, `/slow?ms=${box.integer(10, 20_000)}`)],
  ["stream", 6, (box, id) => ask(box, id, `/stream?parts=${box.integer(1, 40)}`)],
  ["unread", 3, leaveBodyUnread],
  ["fail", 3, (box, id) => ask(box, id, "/fail")],
  ["chat", 6, chat],
  ["port", 4, (box, id) => ask(box, id, "/", { headers: { "cf-container-target-port": "9229" } })],
  ["peek", 4, call("peek")],
  ["stop", 2, call("stop")],
  ["destroy", 1, call("destroy")],
  ["start", 2, call("start", () => [undefined, { portToCheck: 8080, startup: PATIENCE }])],
  ["hold", 2, call("hold", (box, id) => [id, { ttl: box.integer(1, 90) }])],
  ["usage", 1, call("usage")],
];

/** Lets one client come, drawn by lot, and notes what it got. */
export async function letClientCome(box: SwarmBox, id: string): Promise<void> {
  let lot = box.random() * CLIENTS.reduce((sum, [, share]) => sum + share, 0);
  const chosen = CLIENTS.find(([, share]) => (lot -= share) < 0);
  const [name, , client] = chosen ?? (["chat", 0, chat] as const);
  box.report.requests += 1;
  const release = box.demand(`${id} ${name}`);
  try {
    tally(box.report.answers, await client(box, id));
  } catch (error) {
    tally(box.report.answers, `error: ${nameOf(error)}`);
  } finally {
    release();
  }
}

/** Asks with a patience of its own, and reads the whole answer. */
async function ask(
  box: SwarmBox,
  id: string,
  path: string,
  init: RequestInit = {},
): Promise<string> {
  const { signal, done } = box.patience(box.integer(500, 120_000));
  try {
    const headers = new Headers(init.headers);
    headers.set("x-id", id);
    if (typeof init.body === "string") headers.set("content-length", `${init.body.length}`);
    const response = await box.stub.fetch(path, { ...init, headers, signal });
    await response.text();
    return `${response.status} ${response.headers.get("x-berth-error") ?? ""}`.trim();
  } finally {
    done();
  }
}

/** A client that takes the headers and never the body. */
async function leaveBodyUnread(box: SwarmBox, id: string): Promise<string> {
  const { signal, done } = box.patience(60_000);
  const headers = { "x-id": id };
  const response = await box.stub.fetch("/stream?parts=1000", { headers, signal });
  done();
  return `${response.status} unread`;
}

async function chat(box: SwarmBox, id: string): Promise<string> {
  const { signal, done } = box.patience(60_000);
  const headers = { upgrade: "websocket", "x-id": id };
  const response = await box.stub.fetch("/socket", { headers, signal });
  done();
  const { webSocket } = response;
  if (webSocket === null) return `${response.status} no socket`;
  const closed = new Promise<number>((resolve) => {
    webSocket.addEventListener("close", ({ code }) => resolve(code));
  });
  webSocket.accept();
  const bored = box.patience(150_000);
  for (let message = box.integer(0, 5); message > 0; message -= 1) {
    webSocket.send("hello");
    await Promise.race([box.world.delay(box.integer(10, 30_000)), bored.over]);
    if (webSocket.readyState !== 1 || bored.signal.aborted) break;
  }
  bored.done();
  if (webSocket.readyState === 1) webSocket.close(1000, "done");
  const gone = box.patience(10_000);
  await Promise.race([closed, gone.over]);
  gone.done();
  return "101";
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "not an error";
  return /^\[([A-Z_]+)\]/.exec(error.message)?.[1] ?? error.message.slice(0, 40);
}
