import { describe, expect, it } from "vitest";
import { errorCode } from "../../src/errors/container-error.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { onRig } from "./rig.ts";

interface Outcome {
  code?: string | undefined;
  atMs?: number;
}

/** Notes how `work` ended, and when by `clock`. */
function outcomeOf(work: Promise<unknown>, clock: FakeClock): Outcome {
  const startMs = clock.now();
  const outcome: Outcome = {};
  work.then(
    () => Object.assign(outcome, { code: "ok", atMs: clock.now() - startMs }),
    (error: unknown) =>
      Object.assign(outcome, { code: errorCode(error), atMs: clock.now() - startMs }),
  );
  return outcome;
}

describe("Admission open()", () => {
  it("gives all ports one budget, to the millisecond, and leaves no timer", async () => {
    await onRig({ container: { ports: [] } }, async ({ clock, container, admission }) => {
      const ports = [8080, 8081, 8082];
      const outcome = outcomeOf(admission.open(ports, { readyTimeoutMs: 300 }), clock);
      await clock.advance(250);
      container.setPortOpen(8080, true);
      await clock.advance(49);
      expect(outcome).toEqual({});
      await clock.advance(1);
      expect(outcome).toEqual({ code: "PORT_TIMEOUT", atMs: 300 });
      await clock.advance(10);
      expect(clock.pending).toBe(0);
      expect(container.running).toBe(true);
    });
  });

  it("waits 60 s for ports of a container that is up", async () => {
    await onRig({ container: { ports: [] } }, async ({ clock, admission }) => {
      const outcome = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(59_999);
      expect(outcome).toEqual({});
      await clock.advance(1);
      expect(outcome).toEqual({ code: "PORT_TIMEOUT", atMs: 60_000 });
    });
  });

  it("waits 30 s for a container that never comes up", async () => {
    const container = { startMs: 1_000_000 };
    await onRig({ container }, async ({ clock, admission }) => {
      const outcome = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(29_999);
      expect(outcome).toEqual({});
      await clock.advance(1);
      expect(outcome).toEqual({ code: "START_TIMEOUT", atMs: 30_000 });
    });
  });

  it("gives a successor its time after an app that ignores SIGTERM, alarm or not", async () => {
    await onRig({}, async ({ clock, container, admission, supervisor }) => {
      await admission.open([8080], {});
      container.ignoreSigterm();
      supervisor.dispatch({ kind: "stop-requested", signal: 15, inFlight: 0 });
      const outcome = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(29_000);
      expect([outcome, container.destroys]).toEqual([{}, 0]);
      await clock.advance(3_000);
      expect(outcome.code).toBe("ok");
      expect([container.destroys, container.starts.length]).toEqual([1, 2]);
    });
  });

  it("probes a 2 s boot at most 160 times, however many wait", async () => {
    const probes: number[] = [];
    for (const callers of [1, 1_000]) {
      await onRig(
        { container: { bootMs: 2_000 } },
        async ({ clock, container, admission, hooks }) => {
          const all = Promise.all(
            Array.from({ length: callers }, () => admission.open([8080], {})),
          );
          await clock.advance(2_100);
          await all;
          expect(container.starts).toHaveLength(1);
          expect(hooks).toEqual(["start"]);
          expect(clock.pending).toBe(0);
          probes.push(container.probes);
        },
      );
    }
    expect(probes[0]).toBeLessThanOrEqual(160);
    expect(probes[1]).toBe(probes[0]);
  });

  it("gives up a probe that gets no answer in 5 s, and goes on", async () => {
    let isHanging = true;
    const app = (): Promise<Response> | Response =>
      isHanging ? new Promise<Response>(() => {}) : new Response();
    await onRig({ container: { app } }, async ({ clock, container, admission }) => {
      const outcome = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(4_999);
      expect(container.requests).toBe(1);
      isHanging = false;
      await clock.advance(200);
      expect(outcome.code).toBe("ok");
      expect(container.requests).toBe(2);
    });
  });

  it("doubles the pause between starts that the platform refuses", async () => {
    const startError = (): Error => new Error("no container instance available");
    await onRig({ container: { startError } }, async ({ clock, container, admission }) => {
      const outcome = outcomeOf(admission.open([8080], { instanceTimeoutMs: 3_000 }), clock);
      await clock.advance(50);
      expect(container.starts).toHaveLength(1);
      await clock.advance(100);
      expect(container.starts).toHaveLength(2);
      await clock.advance(2_849);
      expect(container.starts.length).toBeGreaterThan(3);
      expect(container.starts.length).toBeLessThan(7);
      await clock.advance(1);
      expect(outcome).toEqual({ code: "NO_INSTANCE", atMs: 3_000 });
    });
  });

  it("stops probing when the last who waited has left", async () => {
    await onRig({ container: { ports: [] } }, async ({ clock, container, admission }) => {
      const leavers = [new AbortController(), new AbortController()];
      const outcomes = leavers.map(({ signal }) =>
        outcomeOf(admission.open([8080], { signal }), clock),
      );
      await clock.advance(100);
      leavers[0]?.abort();
      await clock.advance(100);
      expect(outcomes.map(({ code }) => code)).toEqual(["ABORTED", undefined]);
      leavers[1]?.abort();
      await clock.advance(0);
      const { probes } = container;
      await clock.advance(5_000);
      expect(outcomes.map(({ code }) => code)).toEqual(["ABORTED", "ABORTED"]);
      expect(container.probes).toBe(probes);
      expect(clock.pending).toBe(0);
    });
  });

  it("takes up a new gate after everybody left the last one", async () => {
    await onRig({ container: { bootMs: 500 } }, async ({ clock, container, admission }) => {
      const leaver = new AbortController();
      const left = outcomeOf(admission.open([8080], { signal: leaver.signal }), clock);
      leaver.abort();
      const stays = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(600);
      expect([left.code, stays.code]).toEqual(["ABORTED", "ok"]);
      expect(container.starts).toHaveLength(1);
    });
  });

  it("lets a caller leave who waits for an onStart that never returns", async () => {
    const onStart = (): Promise<void> => new Promise(() => {});
    await onRig({ onStart }, async ({ clock, admission }) => {
      const leaver = new AbortController();
      const outcome = outcomeOf(admission.open([8080], { signal: leaver.signal }), clock);
      await clock.advance(100);
      expect(outcome).toEqual({});
      leaver.abort();
      await clock.advance(0);
      expect(outcome.code).toBe("ABORTED");
    });
  });

  it("survives a `running` that blips during the boot, without a second start (#232)", async () => {
    await onRig({ container: { bootMs: 500 } }, async ({ clock, container, admission, hooks }) => {
      let isBlip = false;
      const { running } = Object.getOwnPropertyDescriptors(prototypeOf(container));
      Object.defineProperty(container, "running", {
        get: () => !isBlip && running?.get?.call(container) === true,
      });
      const outcome = outcomeOf(admission.open([8080], {}), clock);
      await clock.advance(100);
      isBlip = true;
      await clock.advance(20);
      isBlip = false;
      await clock.advance(2_000);
      expect(outcome.code).toBe("ok");
      expect(container.starts).toHaveLength(1);
      expect(hooks).toEqual(["start"]);
    });
  });
});

function prototypeOf(container: object): object {
  return Object.getPrototypeOf(container) as object;
}

describe("Admission start()", () => {
  it("needs no port: a closed one shows that the container is up", async () => {
    await onRig(
      { container: { ports: [] } },
      async ({ clock, container, admission, supervisor }) => {
        const outcome = outcomeOf(admission.start({}), clock);
        await clock.advance(50);
        expect(outcome.code).toBe("ok");
        expect(supervisor.phase.kind).toBe("running");
        expect(container.probes).toBe(1);
        expect(clock.pending).toBe(0);
      },
    );
  });
});
