import { DurableObject } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { Container } from "../../src/worker/container.ts";
import { createBox } from "./box.ts";

// Every method of a Durable Object can be called by whoever has its stub, so this list is public.
const METHODS = [
  "alarm",
  "allowHost",
  "cancelSchedule",
  "connectTcp",
  "constructor",
  "containerFetch",
  "deleteSchedules",
  "denyHost",
  "destroy",
  "errorResponse",
  "exec",
  "execStream",
  "fetch",
  "fetchIfRunning",
  "getAlarm",
  "getSchedule",
  "getState",
  "getStatus",
  "handleOutbound",
  "hold",
  "holdWhile",
  "inspect",
  "listDeadLetters",
  "listSchedules",
  "listSnapshots",
  "metrics",
  "onActivityExpired",
  "onAlarm",
  "onBeforeSnapshot",
  "onError",
  "onStart",
  "onStop",
  "peek",
  "release",
  "removeAllowedHost",
  "removeDeniedHost",
  "removeOutboundByHost",
  "renewActivityTimeout",
  "reportProgress",
  "restore",
  "retryDeadLetter",
  "run",
  "schedule",
  "scheduleNextAlarm",
  "setAlarm",
  "setAllowedHosts",
  "setDeniedHosts",
  "setOutboundByHost",
  "setOutboundByHosts",
  "setOutboundHandler",
  "snapshot",
  "start",
  "startAndWaitForPorts",
  "stop",
  "usage",
  "waitForPort",
];

/** Container and what it is made of, down to DurableObject. */
function classesOf(top: object): readonly { readonly prototype: object }[] {
  const classes: { readonly prototype: object }[] = [];
  for (let one = top; one !== DurableObject; one = Object.getPrototypeOf(one)) {
    classes.push(one as (typeof classes)[number]);
  }
  return classes;
}

describe("Container.prototype", () => {
  it("has the documented methods and no other, down to DurableObject", () => {
    const prototypes = classesOf(Container).map(({ prototype }) => prototype);
    const names = prototypes.flatMap((prototype) => Object.getOwnPropertyNames(prototype));
    expect([...new Set(names)].toSorted()).toEqual(METHODS);
    expect(prototypes.flatMap((prototype) => Object.getOwnPropertySymbols(prototype))).toEqual([]);
  });

  it("has no static members", () => {
    for (const one of classesOf(Container)) {
      expect(Object.getOwnPropertyNames(one).toSorted()).toEqual(["length", "name", "prototype"]);
    }
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
