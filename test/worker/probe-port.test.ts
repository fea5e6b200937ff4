import { describe, expect, it } from "vitest";
import { http } from "../../src/core/readiness/http.ts";
import { ContainerError } from "../../src/errors/container-error.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";
import { probePort, type ProbeOutcome, type ProbeTarget } from "../../src/worker/probe-port.ts";

interface Scene {
  readonly container: FakeContainer;
  readonly clock: FakeClock;
  readonly ups: number[];
  probe(target?: Partial<ProbeTarget>): Promise<ProbeOutcome>;
}

function sceneOf(options: FakeContainerOptions = {}): Scene {
  const clock = new FakeClock(0);
  const container = new FakeContainer({ ports: [8080], ...options, clock });
  container.start();
  const ups: number[] = [];
  const aim = { runtime: container, clock, port: 8080, url: "http://ping", probeTimeoutMs: 1_000 };
  const abandoned = new AbortController().signal;
  const onUp = (): void => void ups.push(clock.now());
  const base = { ...aim, abandoned, onUp, proof: "answer", untilMs: Infinity } as const;
  return { container, clock, ups, probe: (target) => probePort({ ...base, ...target }) };
}

describe("probePort()", () => {
  it.each([200, 301, 404, 418, 500, 501, 505])(
    "takes %d as an answer by default",
    async (status) => {
      const { probe } = sceneOf({ app: () => new Response(null, { status }) });
      expect(await probe()).toBe("answered");
    },
  );

  it.each([502, 503, 504])("takes %d as not yet by default", async (status) => {
    let isReady = false;
    const app = (): Response => new Response(null, { status: isReady ? 200 : status });
    const { clock, container, probe } = sceneOf({ app });
    const outcome = probe();
    await clock.advance(5_000);
    expect(container.requests).toBeGreaterThan(10);
    isReady = true;
    await clock.advance(1_000);
    expect(await outcome).toBe("answered");
  });

  it("waits until the check is passed, whatever else answers", async () => {
    let isHealthy = false;
    const app = ({ url }: Request): Response => {
      const isBusy = url.endsWith("/healthz") && !isHealthy;
      return new Response(null, { status: isBusy ? 500 : 200 });
    };
    const { clock, ups, probe } = sceneOf({ app });
    const outcome = probe({ check: http("/healthz") });
    await clock.advance(100);
    expect(ups.length).toBeGreaterThan(1);
    isHealthy = true;
    await clock.advance(100);
    expect(await outcome).toBe("answered");
  });

  it("is content with a closed port when the container itself is waited for", async () => {
    const { probe, ups } = sceneOf({ ports: [] });
    expect(await probe({ proof: "up" })).toBe("answered");
    expect(ups).toEqual([0]);
  });

  it("goes on after a probe that got no answer (scenario 28)", async () => {
    const { clock, container, probe } = sceneOf();
    container.wedge();
    const outcome = probe({ check: http("/") });
    await clock.advance(3_500);
    expect(container.requests).toBe(4);
    await container.destroy();
    await clock.advance(1_000);
    expect(await outcome).toBe("gone");
    expect(clock.pending).toBe(0);
  });

  it("tells a closed app from a silent one when the time is over", async () => {
    const closed = sceneOf({ ports: [] });
    const closedOutcome = closed.probe({ untilMs: 500 });
    await closed.clock.advance(2_000);
    expect(await closedOutcome).toBe("closed");
    const silent = sceneOf();
    silent.container.wedge();
    const silentOutcome = silent.probe({ untilMs: 500 });
    await silent.clock.advance(2_000);
    expect(await silentOutcome).toBe("hung");
  });

  it("throws the last word of a check, and no longer probes", async () => {
    const { clock, container, probe } = sceneOf();
    const check = async (): Promise<boolean> => {
      throw new ContainerError("START_FAILED", "The migration failed");
    };
    await expect(probe({ check })).rejects.toThrow("[START_FAILED]");
    await clock.advance(10_000);
    expect([container.requests, clock.pending]).toEqual([0, 0]);
  });

  it("ends with the reason of those who left", async () => {
    const { clock, probe } = sceneOf({ ports: [] });
    const caller = new AbortController();
    const outcome = probe({ abandoned: caller.signal });
    const ending = expect(outcome).rejects.toThrow("nobody waits");
    await clock.advance(20);
    caller.abort(new Error("nobody waits"));
    await clock.advance(0);
    await ending;
    expect(clock.pending).toBe(0);
  });
});
