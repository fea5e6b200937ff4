import { ContainerError } from "../../errors/container-error.ts";

/** What a call gets that awaits what is not simulated. */
export function foreignError(what: string): ContainerError {
  return new ContainerError(
    "NONDETERMINISTIC_IO",
    `Cannot go on with the simulation: its code awaits ${what}; give the kit a stand-in for it, or set allowIo: true`,
    { details: { what } },
  );
}

/** What a call gets that takes too long. */
export function patienceError(patienceMs: number): ContainerError {
  return new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot wait for this call: it is not settled after ${patienceMs} ms of virtual time; raise patience`,
  );
}

/** What whoever uses a world gets that was closed. */
export function closedError(): ContainerError {
  return new ContainerError(
    "INVALID_ARGUMENT",
    "Cannot use this simulation: it was closed, since another one was begun; use world.add() for several objects in one world",
  );
}
