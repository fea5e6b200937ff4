import { describe, expect, it } from "vitest";
import { all } from "../../src/core/readiness/all.ts";
import { any } from "../../src/core/readiness/any.ts";
import { exec } from "../../src/core/readiness/exec.ts";
import { http } from "../../src/core/readiness/http.ts";
import type { Probe, ReadinessCheck } from "../../src/core/readiness/readiness-check.ts";
import { ContainerError } from "../../src/errors/container-error.ts";
import type { ContainerRuntime } from "../../src/ports/container-runtime.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";
import { runCheck, type CheckAim } from "../../src/worker/run-check.ts";

/** What there is to look at, and what is left of a look. */
interface Scene {
  readonly container: FakeContainer;
  readonly clock: FakeClock;
  readonly aim: CheckAim;
  readonly caller: AbortController;
}

function sceneOf(options: FakeContainerOptions = {}, runtime?: ContainerRuntime): Scene {
  const clock = new FakeClock();
  const container = new FakeContainer({ ports: [8080], ...options, clock });
  container.start();
  const caller = new AbortController();
  const abandoned = caller.signal;
  const target = { port: 8080, url: "http://ping", probeTimeoutMs: 5_000 };
  const aim = { ...target, runtime: runtime ?? container, clock, abandoned };
  return { container, clock, aim, caller };
}

/** A runtime that can run programs. */
function withExec(scene: Scene, run: NonNullable<ContainerRuntime["exec"]>): CheckAim {
  const runtime = new Proxy<ContainerRuntime>(scene.container, {
    get: (target, name) => {
      if (name === "exec") return run;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...scene.aim, runtime };
}

const processOf = (exitCode: Promise<number>): ExecProcess => {
  const part: Partial<ExecProcess> = { exitCode };
  return part as ExecProcess;
};

describe("runCheck()", () => {
  it("says ready when the check is passed", async () => {
    const { aim, clock } = sceneOf();
    expect(await runCheck(http("/healthz"), aim)).toBe("ready");
    expect(clock.pending).toBe(0);
  });

  it("says up when the app says no, or its port is closed", async () => {
    const busy = sceneOf({ app: () => new Response("", { status: 503 }) });
    expect(await runCheck(http("/healthz"), busy.aim)).toBe("up");
    const closed = sceneOf({ ports: [] });
    expect(await runCheck(http("/healthz"), closed.aim)).toBe("up");
  });

  it("says none when nothing in the container gave a sign of life", async () => {
    const runtime = new FakeContainer();
    expect(await runCheck(http("/"), sceneOf({}, runtime).aim)).toBe("none");
    expect(await runCheck(() => false, sceneOf().aim)).toBe("none");
  });

  it("asks the port that the check names, at the host of the ping endpoint", async () => {
    const seen: string[] = [];
    const { aim } = sceneOf({
      ports: [8080, 9090],
      app: ({ url, redirect }, { port }) => {
        seen.push(`${port} ${url} ${redirect}`);
        return new Response();
      },
    });
    await runCheck(http("/a"), aim);
    await runCheck(http("/b", { port: 9090, host: "app.example" }), aim);
    expect(seen).toEqual(["8080 http://ping/a manual", "9090 http://app.example/b manual"]);
  });

  it("gives a plain function the same means", async () => {
    const { aim } = sceneOf({ app: ({ url }) => new Response(url) });
    const check = async (probe: Probe): Promise<boolean> =>
      (await (await probe.fetch("/me")).text()) === "http://ping/me" && !probe.signal.aborted;
    expect(await runCheck(check, aim)).toBe("ready");
  });

  it.each<[string, ReadinessCheck]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("no"))],
    ["asks for a port that is none", async (probe) => (await probe.fetch("//")).ok],
  ])("takes a function that %s as not yet", async (_how, check) => {
    expect(await runCheck(check, sceneOf().aim)).toBe("none");
  });

  it("throws the last word of a check", async () => {
    const { aim, clock } = sceneOf();
    const check = all(http("/"), () => {
      throw new ContainerError("START_FAILED", "The migration failed");
    });
    await expect(runCheck(check, aim)).rejects.toThrow("[START_FAILED] The migration failed");
    expect(clock.pending).toBe(0);
  });

  it("cuts off an app that does not answer, however it is asked (scenario 28)", async () => {
    for (const check of [
      http("/"),
      any(http("/"), http("/b")),
      () => new Promise<boolean>(() => {}),
    ]) {
      const { aim, clock, container } = sceneOf();
      container.wedge();
      const sign = runCheck(check, aim);
      await clock.advance(4_999);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
      expect(await sign).toBe("none");
      expect(clock.pending).toBe(0);
    }
  });

  it("cuts off a body that does not end, and calls its app up", async () => {
    const { aim, clock } = sceneOf({ app: () => new Response(new ReadableStream()) });
    const sign = runCheck(http("/", { body: "ok" }), aim);
    await clock.advance(5_000);
    expect(await sign).toBe("up");
  });

  it("ends at once when nobody waits any more, also when nobody did", async () => {
    const { aim, clock, caller, container } = sceneOf();
    container.wedge();
    const sign = runCheck(http("/"), aim);
    await clock.advance(1);
    caller.abort();
    expect(await sign).toBe("none");
    expect(await runCheck(http("/"), aim)).toBe("none");
    expect(clock.pending).toBe(0);
  });

  it("closes what the check left open", async () => {
    let isLeft = false;
    const body = new ReadableStream({ cancel: () => void (isLeft = true) });
    const { aim } = sceneOf({ app: () => new Response(body) });
    const probes: Probe[] = [];
    const check: ReadinessCheck = async (probe) => {
      probes.push(probe);
      return (await probe.fetch("/")).ok;
    };
    expect(await runCheck(check, aim)).toBe("ready");
    expect(probes[0]?.signal.aborted).toBe(true);
    await expect.poll(() => isLeft).toBe(true);
    await expect(probes[0]?.fetch("/")).rejects.toThrow();
  });

  it("leaves no listener on the signal of those who wait", async () => {
    const { aim, caller } = sceneOf();
    let listeners = 0;
    const { signal } = caller;
    const counted = new Proxy(signal, {
      get: (_target, name) => {
        if (name === "addEventListener") listeners += 1;
        if (name === "removeEventListener") listeners -= 1;
        const value: unknown = Reflect.get(signal, name, signal);
        return typeof value === "function" ? value.bind(signal) : value;
      },
    });
    await runCheck(http("/"), { ...aim, abandoned: counted });
    expect(listeners).toBe(0);
  });

  it("runs a program, and goes by its exit code", async () => {
    const scene = sceneOf();
    const ran: unknown[] = [];
    const aim = withExec(scene, async (command, options) => {
      ran.push(command, options?.stdout, options?.stderr);
      return processOf(Promise.resolve(command.length));
    });
    expect(await runCheck(exec(["one"]), aim)).toBe("up");
    expect(await runCheck(exec(["one"], { exitCode: 1 }), aim)).toBe("ready");
    expect(ran.slice(0, 3)).toEqual([["one"], "ignore", "ignore"]);
  });

  it("ends a program that takes too long", async () => {
    const scene = sceneOf();
    let isKilled = false;
    const aim = withExec(scene, async (_command, options) => {
      options?.signal?.addEventListener("abort", () => (isKilled = true));
      return processOf(new Promise(() => {}));
    });
    const sign = runCheck(exec(["sleep", "60"]), aim);
    await scene.clock.advance(5_000);
    expect(await sign).toBe("up");
    expect(isKilled).toBe(true);
  });

  it("says so when the runtime cannot run programs", async () => {
    const { aim } = sceneOf();
    const runtime = new Proxy(aim.runtime, {
      get: (target, name) =>
        name === "exec" ? undefined : (Reflect.get(target, name, target) as unknown),
    });
    await expect(runCheck(exec(["true"]), { ...aim, runtime })).rejects.toThrow(
      /INVALID_CONFIG.*http\(\) or tcp/,
    );
  });
});
