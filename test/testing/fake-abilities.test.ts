import { describe, expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { FakeExecContext } from "../../src/testing/fake-exec.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";

function started(options?: FakeContainerOptions): FakeContainer {
  const container = new FakeContainer(options);
  container.start();
  return container;
}

const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);

describe("FakeContainer.exec()", () => {
  it("gives the handler its arguments, environment, directory and input", async () => {
    const seen: unknown[] = [];
    const container = started({
      exec: async (argv, { env, cwd, stdin }) => {
        seen.push(argv, env, cwd, await stdin);
        return { stdout: "out", stderr: "err", exitCode: 4 };
      },
    });
    const child = await container.exec(["cat", "-n"], {
      env: { A: "b" },
      cwd: "/tmp",
      stdin: "pipe",
    });
    const writer = child.stdin?.getWriter();
    await writer?.write(new TextEncoder().encode("hello"));
    await writer?.close();
    const output = await child.output();
    expect(seen).toEqual([["cat", "-n"], { A: "b" }, "/tmp", "hello"]);
    expect([text(output.stdout), text(output.stderr), output.exitCode]).toEqual(["out", "err", 4]);
  });

  it("ends with 127 and the shell's words where the program is missing", async () => {
    const child = await started().exec(["nothing"]);
    const { exitCode, stderr } = await child.output();
    expect([exitCode, text(stderr)]).toEqual([127, "sh: 1: exec: nothing: not found\n"]);
  });

  it("ends with 128 and the signal when it is killed or its caller leaves", async () => {
    const container = started({ exec: () => new Promise(() => {}) });
    const killed = await container.exec(["sleep"]);
    killed.kill(9);
    expect(await killed.exitCode).toBe(137);
    const caller = new AbortController();
    const left = await container.exec(["sleep"], { signal: caller.signal });
    caller.abort();
    expect(await left.exitCode).toBe(137);
  });

  it("ends with its container, and is refused without one", async () => {
    const container = started({ exec: () => new Promise(() => {}) });
    const child = await container.exec(["sleep"]);
    container.crash();
    expect(await child.exitCode).toBe(137);
    await expect(container.exec(["sleep"])).rejects.toThrow(
      "exec() cannot be called on a container that is not running.",
    );
  });
});

describe("The outputs of FakeContainer.exec()", () => {
  it("have to be read before the exit is told", async () => {
    const container = started({ exec: () => ({ stdout: "out", exitCode: 3 }) });
    const child = await container.exec(["program"]);
    const seen: unknown[] = [];
    const exit = child.exitCode.then((code) => seen.push(code));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(seen).toEqual([]);
    expect(await new Response(child.stdout).text()).toBe("out");
    await exit;
    expect(seen).toEqual([3]);
  });

  it("may be streams, which end with their program", async () => {
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
    const container = started({
      exec: (_argv, { ignore }) => {
        ignore(15);
        return { stdout: endless(), exitCode: new Promise(() => {}) };
      },
    });
    const child = await container.exec(["yes"]);
    const reader = (child.stdout as ReadableStream<Uint8Array>).getReader();
    child.kill();
    for (let part = 0; part < 5; part += 1) expect((await reader.read()).done).toBe(false);
    child.kill(9);
    for (;;) if ((await reader.read()).done) break;
    expect(await child.exitCode).toBe(137);
    expect(() => child.kill(99)).toThrow(RangeError);
  });

  it("show the size of a terminal", async () => {
    const seen: unknown[] = [];
    const exec = (_argv: readonly string[], { terminal, user }: FakeExecContext): object => {
      seen.push(terminal, user);
      return {};
    };
    const container = started({ exec });
    const child = await container.exec(["sh"], { pty: { cols: 100, rows: 30 }, user: "1000" });
    await container.exec(["sh"], { pty: true });
    await container.exec(["sh"]);
    expect(child.isPty).toBe(true);
    const sizes = [{ columns: 100, rows: 30 }, { columns: 80, rows: 24 }, undefined];
    expect(seen).toEqual([sizes[0], "1000", sizes[1], undefined, sizes[2], undefined]);
  });

  it("are never there for an empty command, or a caller who has left", async () => {
    await expect(started().exec([])).rejects.toThrow(TypeError);
    await expect(started().exec(["x"], { signal: AbortSignal.abort() })).rejects.toThrow("abort");
  });
});

describe("FakeContainer.getTcpPort().connect()", () => {
  it("carries bytes both ways", async () => {
    const container = started({ tcp: ({ readable, writable }) => readable.pipeTo(writable) });
    const socket = container.getTcpPort(8080).connect("10.0.0.1:8080");
    const writer = (socket.writable as WritableStream<Uint8Array>).getWriter();
    void writer.write(new TextEncoder().encode("ping")).then(() => writer.close());
    expect(await new Response(socket.readable as ReadableStream).text()).toBe("ping");
    await socket.closed;
  });

  it("opens on a closed port, too, and reads nothing: that is how it shows", async () => {
    const socket = started().getTcpPort(9090).connect("10.0.0.1:9090");
    await socket.opened;
    expect(await new Response(socket.readable as ReadableStream).text()).toBe("");
  });

  it("ends with its container", async () => {
    const container = started({ tcp: () => new Promise(() => {}) });
    const socket = container.getTcpPort(8080).connect("10.0.0.1:8080");
    const read = new Response(socket.readable as ReadableStream).text();
    container.crash();
    expect(await read).toBe("");
  });
});

describe("FakeContainer beside requests", () => {
  it("is inspected, snapshotted and restored", async () => {
    const container = new FakeContainer({ images: { app: "registry/app:1" } });
    expect(await container.inspect()).toBeNull();
    await expect(container.snapshotContainer()).rejects.toThrow("not running");
    container.start({ image: container.images["app"] ?? "", labels: { a: "b" } });
    expect(await container.inspect()).toEqual({ image: "registry/app:1", labels: { a: "b" } });
    const snapshot = await container.snapshotContainer({ name: "before" });
    expect(snapshot).toEqual({ id: "snapshot-1", size: 1_024, name: "before" });
    await container.destroy();
    container.start({ containerSnapshot: { id: snapshot.id } });
    expect(container.starts.at(-1)).toEqual({ containerSnapshot: { id: "snapshot-1" } });
  });

  it("sends its own requests to the handler of their address, and to nobody without one", async () => {
    const container = started();
    const handler = (name: string): Fetcher =>
      ({ fetch: async () => new Response(name) }) as unknown as Fetcher;
    await container.interceptOutboundHttp("api.example", handler("one"));
    await container.interceptOutboundHttps("api.example", handler("secure"));
    const ask = async (url: string): Promise<string> =>
      (await container.egress.send(new Request(url))).text();
    expect(await ask("http://api.example/x")).toBe("one");
    expect(await ask("https://api.example/x")).toBe("secure");
    await expect(ask("http://other.example/")).rejects.toThrow("Cannot reach other.example");
    await container.interceptAllOutboundHttp(handler("all"));
    expect(await ask("http://other.example/")).toBe("all");
    await expect(ask("https://other.example/")).rejects.toThrow("Cannot reach other.example");
    expect(container.egress.addresses).toEqual(["http://api.example", "https://api.example", "*"]);
  });
});

describe("FakeFaults", () => {
  const failure = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "resolved",
      (error: unknown) => String(error),
    );

  it("refuseStarts(): the next starts fail with the platform's words", async () => {
    const container = new FakeContainer();
    container.faults.refuseStarts("no container instance available", 2);
    const told: string[] = [];
    for (let start = 0; start < 3; start += 1) {
      container.start();
      told.push(await Promise.race([failure(container.monitor()), tick()]));
    }
    expect(told).toEqual([
      "Error: no container instance available",
      "Error: no container instance available",
      "still running",
    ]);
  });

  it("deadStarts(): running is true and no port ever opens", async () => {
    const clock = new FakeClock();
    const container = new FakeContainer({ clock });
    container.faults.deadStarts(1);
    container.start();
    await clock.advance(3_600_000);
    expect(container.running).toBe(true);
    expect(await failure(container.getTcpPort(8080).fetch("http://x/"))).toContain("not listening");
    await container.destroy();
    container.start();
    expect((await container.getTcpPort(8080).fetch("http://x/")).status).toBe(200);
  });

  it("exitAfterStart: each run ends by itself", async () => {
    const clock = new FakeClock();
    const container = new FakeContainer({ clock });
    container.faults.exitAfterStart = { afterMs: 5_000, exitCode: 3 };
    container.start();
    const end = failure(container.monitor());
    await clock.advance(5_000);
    expect(await end).toContain("unexpected exit code: 3");
  });

  it("failDestroys() and hangDestroys(): nothing ends until it does", async () => {
    const container = started();
    container.faults.failDestroys(1);
    expect(await failure(container.destroy())).toContain("internal error");
    container.faults.hangDestroys(1);
    expect(await Promise.race([failure(container.destroy()), tick()])).toBe("still running");
    expect(container.running).toBe(true);
    await container.destroy();
    expect(container.running).toBe(false);
  });

  it("breakMonitor(): an internal error, or silence, while the app lives", async () => {
    const container = started();
    container.faults.breakMonitor("fails");
    expect(await failure(container.monitor())).toContain("internal error");
    container.faults.breakMonitor("hangs");
    container.exit();
    expect(await Promise.race([failure(container.monitor()), tick()])).toBe("still running");
    container.faults.breakMonitor("well");
    expect(await failure(container.monitor())).toBe("resolved");
  });

  it("blipUntil(): running is false for a while although the container runs", async () => {
    const clock = new FakeClock();
    const container = started({ clock });
    container.faults.blipUntil(clock.now() + 100);
    expect(container.running).toBe(false);
    await clock.advance(100);
    expect(container.running).toBe(true);
  });

  it("cutRequest(): the app gets it, or not, and the connection breaks", async () => {
    const container = started();
    const ask = (): Promise<string> => failure(container.getTcpPort(8080).fetch("http://x/"));
    container.faults.cutRequest("before");
    expect([await ask(), container.requests]).toEqual(["Error: Network connection lost.", 0]);
    container.faults.cutRequest("after");
    expect([await ask(), container.requests]).toEqual(["Error: Network connection lost.", 1]);
    expect(await ask()).toBe("resolved");
  });

  it("rolloutGracefully(): ports close at once, what is under way ends, then the run", async () => {
    const clock = new FakeClock();
    const gate = Promise.withResolvers<Response>();
    const container = started({ clock, app: () => gate.promise });
    const underWay = container.getTcpPort(8080).fetch("http://x/");
    await clock.advance(0);
    container.rolloutGracefully(10_000);
    expect(await failure(container.getTcpPort(8080).fetch("http://x/"))).toContain("not listening");
    gate.resolve(new Response("done"));
    expect(await (await underWay).text()).toBe("done");
    const end = failure(container.monitor());
    await clock.advance(10_000);
    expect(await end).toContain("new version rollout");
  });
});

async function tick(): Promise<string> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  return "still running";
}
