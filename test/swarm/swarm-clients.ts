import type { SwarmBox } from "./swarm-box.ts";
import { tally } from "./hour-report.ts";

type Client = (box: SwarmBox, id: string) => Promise<string>;

/** What clients do, and how often in a hundred. */
const CLIENTS: readonly (readonly [share: number, client: Client])[] = [
  [42, (box, id) => ask(box, id, "/")],
  [14, (box, id) => ask(box, id, "/", { method: "POST", body: "work" })],
  [10, (box, id) => ask(box, id, `/slow?ms=${box.integer(10, 20_000)}`)],
  [6, (box, id) => ask(box, id, `/stream?parts=${box.integer(1, 40)}`)],
  [3, leaveBodyUnread],
  [3, (box, id) => ask(box, id, "/fail")],
  [6, chat],
  [4, (box, id) => ask(box, id, "/", { headers: { "cf-container-target-port": "9229" } })],
  [4, async (box) => String((await box.stub.call("peek", [])) !== undefined)],
  [2, async (box) => String(await box.stub.call("stop", []))],
  [1, async (box) => String(await box.stub.call("destroy", []))],
  [2, async (box) => String(await box.stub.call("start", []))],
  [2, async (box, id) => String(await box.stub.call("hold", [id, { ttl: box.integer(1, 90) }]))],
  [1, async (box) => String(await box.stub.call("usage", []))],
];

/** Lets one client come, drawn by lot, and notes what it got. */
export async function letClientCome(box: SwarmBox, id: string): Promise<void> {
  let lot = box.random() * CLIENTS.reduce((sum, [share]) => sum + share, 0);
  const [, client] = CLIENTS.find(([share]) => (lot -= share) < 0) ?? [0, leaveBodyUnread];
  box.report.requests += 1;
  const release = box.demand();
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
    const headers = { ...init.headers, "x-id": id };
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
  for (let message = box.integer(0, 5); message > 0; message -= 1) {
    webSocket.send("hello");
    await box.world.delay(box.integer(10, 30_000));
    if (webSocket.readyState !== 1) break;
  }
  if (webSocket.readyState === 1) webSocket.close(1000, "done");
  const gone = box.patience(30_000);
  await Promise.race([closed, gone.over]);
  gone.done();
  return "101";
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "not an error";
  return /^\[([A-Z_]+)\]/.exec(error.message)?.[1] ?? error.message.slice(0, 40);
}
