import type { FakeApp } from "../../../src/testing/fake-port.ts";
import type { FakeExec } from "../../../src/testing/fake-exec.ts";
import type { FakeTcpServer } from "../../../src/testing/fake-socket.ts";
import { createWorld } from "../../../src/testing/simulation/create-world.ts";
import { answer, onMessage, type AppHost } from "../app/behaviour.ts";
import { sleep } from "../container-app.ts";
import type { ContractCase, Observation } from "../contract-case.ts";
import { createClient, type ProbeStub } from "../create-client.ts";
import { OutboundProbe } from "../outbound-probe.ts";
import { ProbeObject } from "../probe-object.ts";

/** Runs a case in the simulation; gives what each of its phases saw. */
export async function observeSimulated(
  contractCase: ContractCase,
  seed: number,
): Promise<readonly Observation[]> {
  const container = (): (typeof box)["container"] => box.container;
  const app = simulatedApp(container);
  const { fake } = contractCase;
  await using world = createWorld({ seed });
  const { title } = contractCase;
  const exports = { OutboundProbe };
  const namespace = world.namespace(ProbeObject, { app, tcp, exec, exports, ...fake });
  const box = namespace.instance(title);
  const stub = (): ProbeStub => namespace.binding.getByName(title) as unknown as ProbeStub;
  const client = createClient(stub, title);
  const seen: Observation[] = [];
  for (const phase of contractCase.phases) {
    if (seen.length > 0) box.deploy();
    seen.push(await world.run(() => phase(client)));
  }
  return seen;
}

interface Container {
  readonly starts: readonly (ContainerStartupOptions | undefined)[];
  exit(): void;
  crash(options: { readonly exitCode: number }): void;
  setPortOpen(port: number, isOpen: boolean): void;
  readonly egress: { send(url: string): Promise<Response> };
}

/** The app of the contract's containers, in the fake one. */
function simulatedApp(container: () => Container): FakeApp {
  let start = 0;
  const files = new Map<string, string>();
  const host: AppHost = {
    get env() {
      return container().starts.at(-1)?.env ?? {};
    },
    get run() {
      return `${container().starts.length}`;
    },
    exit: (exitCode) => (exitCode === 0 ? container().exit() : container().crash({ exitCode })),
    setPortOpen: (port, isOpen) => container().setPortOpen(port, isOpen),
    sleep,
    send: (url) => container().egress.send(url),
    files,
  };
  return (request) => {
    const { starts } = container();
    // What a snapshot holds is the app's own affair here: it has but one file.
    if (start !== starts.length && starts.at(-1)?.containerSnapshot === undefined) files.clear();
    start = starts.length;
    return request.headers.get("upgrade") === "websocket" ? acceptSocket() : answer(request, host);
  };
}

function acceptSocket(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => onMessage(String(data), server));
  return new Response(null, { status: 101, webSocket: client });
}

const tcp: FakeTcpServer = async ({ readable, writable }) => {
  await readable.getReader().read();
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"));
  await writer.close();
};

const exec: FakeExec = async ([program, ...args], { env, cwd, stdin, terminal }) => {
  switch (program) {
    case "sh":
      return { stdout: "out\n", stderr: "err\n", exitCode: 3 };
    case "printenv":
      return { stdout: `${env[args[0] ?? ""] ?? ""}\n` };
    case "pwd":
      return { stdout: `${cwd ?? "/"}\n` };
    case "cat":
      return { stdout: await stdin };
    case "stty":
      return { stdout: `${terminal?.rows} ${terminal?.columns}\r\n` };
    case "sleep":
      return await new Promise(() => {});
    default:
      return undefined;
  }
};
