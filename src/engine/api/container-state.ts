/** Where a container is in its life. A field exists only in the states where it means something. */
export type ContainerState =
  | { readonly kind: "created" }
  | { readonly kind: "starting" }
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly startedAtMs: number;
    }
  | ExitedState
  /** The end of its last run, if there was one, stays known until it is gone. */
  | { readonly kind: "removing"; readonly last?: ExitedState };

/** A run that has ended. */
export interface ExitedState {
  readonly kind: "exited";
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
}

/** What happens to a container. */
export type ContainerEvent =
  | { readonly kind: "start" }
  | { readonly kind: "start-failed" }
  | { readonly kind: "started"; readonly pid: number; readonly atMs: number }
  | {
      readonly kind: "exited";
      readonly exitCode: number;
      readonly isOutOfMemory: boolean;
      readonly startedAtMs: number;
      readonly atMs: number;
    }
  | { readonly kind: "remove" };

/**
 * Decides the state after an event. Pure and total: an event that means nothing in a state leaves
 * it as it is. Nothing leaves `removing`.
 */
export function nextContainerState(state: ContainerState, event: ContainerEvent): ContainerState {
  switch (event.kind) {
    case "start":
      return state.kind === "created" || state.kind === "exited" ? { kind: "starting" } : state;
    case "start-failed":
      return state.kind === "starting" ? { kind: "created" } : state;
    case "started":
      return state.kind === "starting"
        ? { kind: "running", pid: event.pid, startedAtMs: event.atMs }
        : state;
    case "exited":
      return afterExit(state, event);
    case "remove":
      if (state.kind === "removing") return state;
      return state.kind === "exited" ? { kind: "removing", last: state } : { kind: "removing" };
  }
}

/** Whether a process is there or coming: Docker's `Running`. */
export function isLive(state: ContainerState): boolean {
  return state.kind === "running" || state.kind === "starting";
}

function afterExit(
  state: ContainerState,
  event: Extract<ContainerEvent, { kind: "exited" }>,
): ContainerState {
  const exited: ExitedState = {
    kind: "exited",
    startedAtMs: event.startedAtMs,
    finishedAtMs: event.atMs,
    exitCode: event.exitCode,
    isOutOfMemory: event.isOutOfMemory,
  };
  if (state.kind === "running") return exited;
  return state.kind === "removing" ? { kind: "removing", last: exited } : state;
}
