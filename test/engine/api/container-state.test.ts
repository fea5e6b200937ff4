import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  isLive,
  nextContainerState,
  type ContainerEvent,
  type ContainerState,
} from "../../../src/engine/api/container-state.ts";

const START: ContainerEvent = { kind: "start" };
const STARTED: ContainerEvent = { kind: "started", pid: 1, atMs: 10 };
const EXITED: ContainerEvent = {
  kind: "exited",
  exitCode: 3,
  isOutOfMemory: false,
  startedAtMs: 10,
  atMs: 20,
};
const EXITED_STATE = {
  kind: "exited",
  exitCode: 3,
  isOutOfMemory: false,
  startedAtMs: 10,
  finishedAtMs: 20,
};

function after(...events: ContainerEvent[]): ContainerState {
  return events.reduce(nextContainerState, { kind: "created" });
}

describe("nextContainerState()", () => {
  it("goes from created over starting and running to exited", () => {
    expect(after(START)).toEqual({ kind: "starting" });
    expect(after(START, STARTED)).toEqual({
      kind: "running",
      pid: 1,
      startedAtMs: 10,
    });
    expect(after(START, STARTED, EXITED)).toEqual(EXITED_STATE);
  });

  it("starts again after an exit", () => {
    expect(after(START, STARTED, EXITED, START)).toEqual({ kind: "starting" });
  });

  it("is created again after a failed start", () => {
    expect(after(START, { kind: "start-failed" })).toEqual({ kind: "created" });
  });

  it("keeps the exit that comes while it is being removed", () => {
    expect(after(START, STARTED, { kind: "remove" }, EXITED)).toEqual({
      kind: "removing",
      last: EXITED_STATE,
    });
  });

  it("never leaves removing, and is live only when starting or running", () => {
    const event = fc.constantFrom<ContainerEvent>(
      START,
      STARTED,
      EXITED,
      { kind: "start-failed" },
      { kind: "remove" },
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let state: ContainerState = { kind: "created" };
        for (const each of events) {
          const next = nextContainerState(state, each);
          if (state.kind === "removing") expect(next.kind).toBe("removing");
          expect(isLive(next)).toBe(next.kind === "starting" || next.kind === "running");
          state = next;
        }
      }),
    );
  });
});
