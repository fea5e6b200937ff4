/** What the app needs of where it runs. */
export interface AppHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells one run of the app from another. */
  readonly run: string;
  /** Ends the app. */
  exit(code: number): void;
  /** Opens or closes a port. */
  setPortOpen(port: number, isOpen: boolean): Promise<void> | void;
  readonly files:
    | Map<string, string>
    | { get(name: string): string | undefined; set(name: string, text: string): unknown };
  sleep(durationMs: number): Promise<void>;
  /** Sends a request to somewhere outside. */
  send(url: string): Promise<Response>;
}

type Answer = (url: URL, request: Request, host: AppHost) => Response | Promise<Response>;

const EVENT_PAUSE_MS = 250;

/** The app of the contract's containers: what it answers by path, wherever it runs. */
export async function answer(request: Request, host: AppHost): Promise<Response> {
  const url = new URL(request.url);
  const found = answers[url.pathname];
  return found === undefined
    ? new Response("none", { status: 404 })
    : await found(url, request, host);
}

/** What the app does with a WebSocket's message: it sends it back, or closes when told. */
export function onMessage(
  text: string,
  socket: { send(text: string): void; close(code: number, reason: string): void },
): void {
  const [word, code] = text.split(" ");
  if (word === "close") socket.close(Number(code), "as told");
  else socket.send(`echo ${text}`);
}

const answers: Readonly<Record<string, Answer>> = {
  "/": () => new Response("ready"),
  "/run": (_url, _request, host) => new Response(host.run),
  "/env": (url, _request, host) =>
    new Response(host.env[url.searchParams.get("name") ?? ""] ?? "none"),
  "/exit": (url, _request, host) => {
    const code = Number(url.searchParams.get("code"));
    void host.sleep(20).then(() => host.exit(code));
    return new Response("exiting");
  },
  "/die-silent": (_url, _request, host) => {
    void host.sleep(20).then(() => host.exit(1));
    return new Promise(() => {});
  },
  "/hang": () => new Promise(() => {}),
  "/die": (_url, _request, host) => new Response(dieAfter("first", host)),
  "/events": (_url, _request, host) => {
    const headers = { "content-type": "text/event-stream" };
    return new Response(events(host), { headers });
  },
  "/echo": async (_url, request) => {
    const { method, headers, url } = request;
    const body = await request.text();
    return Response.json({ method, url, header: headers.get("x-probe"), body }, { status: 201 });
  },
  "/redirect": () => new Response("elsewhere", { status: 302, headers: { location: "/" } }),
  "/port": async (url, _request, host) => {
    const isOpen = url.searchParams.get("open") === "yes";
    await host.setPortOpen(Number(url.searchParams.get("port")), isOpen);
    return new Response(isOpen ? "open" : "closed");
  },
  "/write": (url, _request, host) => {
    host.files.set("kept", url.searchParams.get("text") ?? "");
    return new Response("written");
  },
  "/send": async (url, _request, host) => {
    try {
      const response = await host.send(url.searchParams.get("to") ?? "");
      return new Response(`${response.status} ${await response.text()}`);
    } catch {
      return new Response("refused");
    }
  },
  "/read": (_url, _request, host) => new Response(host.files.get("kept") ?? "none"),
};

function dieAfter(text: string, host: AppHost): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      void host.sleep(100).then(() => host.exit(1));
    },
  });
}

function events(host: AppHost): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      if (count > 0) await host.sleep(EVENT_PAUSE_MS);
      count += 1;
      controller.enqueue(new TextEncoder().encode(`data: ${count}\n\n`));
    },
  });
}
