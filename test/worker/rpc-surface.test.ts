import { describe, expect, it } from "vitest";
import { Container } from "../../src/worker/container.ts";
import { createBox } from "./box.ts";

// Every method of a Durable Object can be called by whoever has its stub, so this list is public.
const METHODS = [
  "alarm",
  "constructor",
  "containerFetch",
  "deleteSchedules",
  "destroy",
  "fetch",
  "getSchedule",
  "getState",
  "listSchedules",
  "onActivityExpired",
  "onError",
  "onStart",
  "onStop",
  "renewActivityTimeout",
  "schedule",
  "scheduleNextAlarm",
  "start",
  "startAndWaitForPorts",
  "stop",
  "waitForPort",
];

describe("Container.prototype", () => {
  it("has the documented methods and no other", () => {
    expect(Object.getOwnPropertyNames(Container.prototype).toSorted()).toEqual(METHODS);
    expect(Object.getOwnPropertySymbols(Container.prototype)).toEqual([]);
  });

  it("is all that there is between a class and DurableObject", () => {
    expect(Object.getOwnPropertyNames(Container).toSorted()).toEqual([
      "length",
      "name",
      "prototype",
    ]);
  });
});

describe("A stub of a Container", () => {
  it.each(["sleepAfter", "envVars", "ctx", "env", "dispatch", "supervisor", "machinery"])(
    "does not give away %s",
    async (name) => {
      const { stub } = createBox({ fields: { envVars: { SECRET: "s" } } });
      const read = async (): Promise<unknown> =>
        await (Reflect.get(stub, name) as Promise<unknown>);
      await expect(read()).rejects.toThrow(/does not implement|RPC/);
    },
  );
});
