import { classifyRuntimeError } from "../../errors/from-runtime.ts";
import { parsePort } from "../port.ts";
import type { Probe, ReadinessCheck } from "./readiness-check.ts";
import { REFERENCE_PORT } from "./reference-port.ts";

/** A closed port is told in 2 to 5 ms on workerd. */
const FIRST_LOOK_MS = 10;
const SECOND_LOOK_MS = 20;

/**
 * Makes a check that is passed when a port takes a TCP connection. Nothing is sent.
 *
 * @param port 1 to 65535 (default: `defaultPort`, else the first of `requiredPorts`)
 * @throws {ContainerError} `INVALID_PORT` when it is not one
 * @example
 * ```ts
 * class Cache extends Container {
 *   override ready = tcp(6379);
 * }
 * ```
 */
export function tcp(port?: number): ReadinessCheck {
  const parsed = port === undefined ? undefined : parsePort(port, "tcp(port)");
  return (probe) => isOpen(probe, parsed);
}

/**
 * The runtime opens a socket to a closed port as well, and then ends it without a byte. So one that
 * stays silent is open, once the runtime has had the time to say otherwise: right after a start it
 * keeps connections waiting, so a port that is surely closed must have been answered meanwhile.
 */
async function isOpen(probe: Probe, port: number | undefined): Promise<boolean> {
  const said = firstWord(probe.connect(port));
  const word = await Promise.race([said, probe.wait(FIRST_LOOK_MS)]);
  if (word !== undefined) return word === "open";
  const known = await Promise.race([said, askReference(probe)]);
  if (known !== "answered") return known === "open";
  return (await Promise.race([said, probe.wait(SECOND_LOOK_MS)])) !== "closed";
}

async function firstWord(socket: Socket): Promise<"open" | "closed"> {
  const { done } = await socket.readable.getReader().read();
  return done ? "closed" : "open";
}

/** Resolves with "answered" once the runtime tells of a port what is so. */
async function askReference(probe: Probe): Promise<"answered" | "unknown"> {
  try {
    await probe.fetch("/", { port: REFERENCE_PORT });
    return "answered";
  } catch (error) {
    return classifyRuntimeError(error) === "NOT_LISTENING" ? "answered" : "unknown";
  }
}
