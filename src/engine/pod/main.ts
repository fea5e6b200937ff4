import { readlinkSync } from "node:fs";
import module from "node:module";
import { Server } from "node:net";

import { openEgressListeners } from "./egress-listeners.ts";
import { serveIngress } from "./ingress.ts";
import { matchNames } from "./name-patterns.ts";
import { serveNames } from "./name-service.ts";
import type { EgressRules, MessageFromPod, MessageToPod } from "./pod-message.ts";

// The helper is pid 1 of the pod: when it exits, every process of the pod dies with it.
process.on("disconnect", () => process.exit(0));

const waiting = new Map<number, (message: MessageToPod) => void>();
const refusedPorts = new Set<number>();
let lastId = 0;
let hasRoute = false;
let isAllowed = matchNames([]);
let listening: Promise<void> | undefined;

function tell(message: MessageFromPod): void {
  process.send?.(message);
}

/** Gives the engine a listener of this network namespace: a socket stays where it was made. */
function handOver(message: MessageFromPod, server: Server): void {
  process.send?.(message, server, () => server.close());
}

function ask(request: (id: number) => MessageFromPod): Promise<MessageToPod> {
  const id = ++lastId;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    tell(request(id));
  });
}

async function applyEgress(rules: EgressRules): Promise<void> {
  const names = rules.allowHostnames;
  // Only what is intercepted costs listeners and rules.
  if (names !== undefined && names.length > 0) await (listening ??= openEgressListeners(handOver));
  const reply = await ask((id) => ({ kind: "egress", id, rules }));
  if (reply.kind === "egress-failed") throw new Error(reply.reason);
  if (reply.kind === "egress-applied") hasRoute = reply.hasRoute;
  if (names !== undefined) isAllowed = matchNames(names);
}

async function readCertificate(): Promise<string> {
  const reply = await ask((id) => ({ kind: "certificate-wanted", id }));
  return reply.kind === "certificate" ? reply.pem : "";
}

/** Once a port: a Worker that waits for its app asks many times. */
function onRefusedPort(port: number): void {
  if (refusedPorts.has(port)) return;
  refusedPorts.add(port);
  tell({ kind: "port-refused", port });
}

async function forwardQuery(query: Buffer): Promise<Buffer | undefined> {
  const packet = query.toString("base64");
  const reply = await ask((id) => ({ kind: "dns-query", id, packet }));
  if (reply.kind !== "dns-answer" || reply.packet === undefined) return undefined;
  return Buffer.from(reply.packet, "base64");
}

process.on("message", (message: MessageToPod, handle: unknown) => {
  if (message.kind === "names") {
    hasRoute = message.isEnabled;
  } else if (message.kind !== "serve") {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  } else if (handle instanceof Server) {
    serveIngress(handle, { applyEgress, onRefusedPort, readCertificate });
    serveNames({
      isEnabled: () => hasRoute,
      isAllowed: (name) => isAllowed(name),
      forward: forwardQuery,
    });
    // Node writes its compile cache at exit; the next pod should find it now.
    module.flushCompileCache?.();
    // The host's procfs is still mounted here, so this is the pid that the engine knows.
    tell({ kind: "ready", hostPid: Number(readlinkSync("/proc/self")) });
  }
});
