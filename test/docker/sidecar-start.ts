import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { askDocker } from "./docker-api.ts";

const DEADLINE_MS = 30_000;
const PAUSE_MS = 20;

/** A container's inspection, as far as it is read. */
interface Inspection {
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
  };
}

/**
 * Starts a sidecar, and waits until it listens: ours is a Node that boots, and workerd gives up on
 * one after two seconds.
 *
 * @returns the status of Docker's answer to the start
 */
export async function startSidecar(enginePath: string, name: string): Promise<number> {
  const path = `/containers/${name}/start`;
  const outgoing = request({ socketPath: enginePath, method: "POST", path, agent: false }).end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  response.resume();
  const { statusCode = 500 } = response;
  if (statusCode === 204) await untilListening(enginePath, name);
  return statusCode;
}

async function untilListening(enginePath: string, name: string): Promise<void> {
  const inspection = (await askDocker(enginePath, `/containers/${name}/json`)) as Inspection;
  const port = inspection.NetworkSettings.Ports["39001/tcp"]?.[0]?.HostPort ?? "";
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    // Docker's own proxy takes connections before it does, and breaks them.
    const isListening = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isListening) return;
    await delay(PAUSE_MS);
  }
}
