import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { fileURLToPath } from "node:url";

import type { MessageFromPod, MessageToPod } from "../pod/pod-message.ts";
import { sendSignal } from "./find-process.ts";
import { userNamespaceFlags } from "./find-privilege.ts";
import { toolEnv } from "./run-tool.ts";
import type { SandboxFacts } from "./sandbox.ts";
import { exitOf } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";

/** How a helper is started, and what becomes of what it asks. */
export interface PodHelperOptions {
  readonly privilege: SandboxFacts["privilege"];
  /** Keeps compiled code from one helper to the next: it starts faster, and smaller from sources. */
  readonly compileCache: string;
  readonly onMessage: (
    message: MessageFromPod,
    reply: (answer: MessageToPod) => void,
    handle: unknown,
  ) => void;
}

/** The small process that holds a pod's namespaces and serves its ingress. */
export interface PodHelper {
  /** Its pid on the host. */
  readonly hostPid: number;
  readonly ingressPort: number;
  /** Settles when the helper is gone, and with it every process of the pod. */
  readonly exited: Promise<number>;
  tell(message: MessageToPod): void;
  kill(): void;
}

// Beside a bundle lies the bundled helper; beside the sources, the source.
const entry = fileURLToPath(
  import.meta.url.endsWith(".ts")
    ? new URL("../pod/main.ts", import.meta.url)
    : new URL("./pod-main.js", import.meta.url),
);
const nodeFlags = ["--max-semi-space-size=1", "--max-old-space-size=32", "--v8-pool-size=0"];
const script = 'ip link set lo up && exec "$@"';

/** Starts a helper in fresh network and pid namespaces, with a listener of the host's loopback. */
export async function startPodHelper(options: PodHelperOptions): Promise<PodHelper> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const ingressPort = portOf(server);
  const child = spawnHelper(options);
  const exited = exitOf(child);
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const reply = (answer: MessageToPod): void => void (child.connected && child.send(answer));
  child.on("message", (message: MessageFromPod, handle: unknown) =>
    options.onMessage(message, reply, handle),
  );
  child.send({ kind: "serve" } satisfies MessageToPod, server, () => server.close());
  const message = await Promise.race([firstMessage(child), exited.then(() => undefined)]);
  if (message?.kind !== "ready")
    throw new SandboxError(
      "POD_START_FAILED",
      `Cannot start a pod: ${errors.trim() || "it ended"}`,
    );
  const kill = (): void => {
    if (child.pid !== undefined) sendSignal(child.pid, 9);
    sendSignal(message.hostPid, 9);
  };
  return { hostPid: message.hostPid, ingressPort, exited, tell: reply, kill };
}

function spawnHelper({ privilege, compileCache }: PodHelperOptions): ChildProcess {
  const user = privilege === "root" ? [] : userNamespaceFlags;
  const unshare = [...user, "--net", "--pid", "--fork", "--kill-child", "--"];
  const node = [process.execPath, ...nodeFlags, entry];
  return spawn("unshare", [...unshare, "sh", "-c", script, "sh", ...node], {
    env: { ...toolEnv, NODE_NO_WARNINGS: "1", NODE_COMPILE_CACHE: compileCache },
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

function firstMessage(child: ChildProcess): Promise<MessageFromPod> {
  return new Promise((resolve) => child.once("message", resolve));
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== "object" || address === null) throw new TypeError("no TCP listener");
  return address.port;
}
