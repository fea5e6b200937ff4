import { afterEach, describe, expect, it } from "vitest";
import { Container, errorCode, type ExecHandle, type ExecResult } from "../../src/index.ts";
import {
  simulate,
  type FakeExec,
  type SimulatedInstance,
  type SimulationOptions,
} from "../../src/testing.ts";

let box: SimulatedInstance<Container> | undefined;

afterEach(() => {
  box?.close();
  box = undefined;
});

class App extends Container {
  override defaultPort = 8080;
  override drain = "10s";
  override stopGrace = "5s";

  override onError(): void {}
}

async function boxOf(options: SimulationOptions): Promise<SimulatedInstance<Container>> {
  box = await simulate(App, { app: () => new Response("hi"), ...options });
  return box;
}

const thrownBy = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error,
  );

const codeOf = async (work: PromiseLike<unknown>): Promise<string | undefined> =>
  errorCode(await thrownBy(work));

/** Writes without end, a part of `sizeBytes` at a time, and counts them. */
function endless(sizeBytes: number): { readonly exec: FakeExec; parts: number } {
  const record = {
    parts: 0,
    exec: () => ({
      exitCode: new Promise<number>(() => {}),
      stdout: new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            record.parts += 1;
            controller.enqueue(new Uint8Array(sizeBytes).fill(120));
          },
        },
        { highWaterMark: 0 },
      ),
    }),
  };
  return record;
}

describe("exec()", () => {
  it("starts the container, and gives outputs and exit code over a stub", async () => {
    const seen: unknown[] = [];
    const app = await boxOf({
      exec: async (argv, { env, cwd, user, stdin, terminal }) => {
        seen.push(argv, env, cwd, user, await stdin, terminal);
        return { stdout: "out", stderr: "err", exitCode: 4 };
      },
    });
    const options = { env: { A: "b" }, cwd: "/tmp", user: "1000:1000", stdin: "input" };
    const result = await app.call("exec", ["program", "-x"], options);
    expect(result).toMatchObject({ exitCode: 4, stdout: "out", stderr: "err" });
    expect(result).toMatchObject({ isTruncated: false, timedOut: false });
    const given = [["program", "-x"], { A: "b" }, "/tmp", "1000:1000", "input"];
    expect(seen).toEqual([...given, undefined]);
    seen.length = 0;
    const sized = await app.call("exec", ["program"], { pty: { columns: 100, rows: 30 } });
    expect(sized).toMatchObject({ stdout: "out", stderr: "" });
    expect(seen.at(-1)).toEqual({ columns: 100, rows: 30 });
    expect(app.starts).toBe(1);
  });

  it("starts nothing where it is told not to", async () => {
    const app = await boxOf({ exec: () => ({}) });
    expect(await codeOf(app.call("exec", ["true"], { startIfNeeded: false }))).toBe("NOT_RUNNING");
    expect(app.starts).toBe(0);
  });

  it("ends a program by SIGTERM when its time is over, and by SIGKILL if that does not help", async () => {
    const app = await boxOf({
      exec: ([program], { ignore }) => {
        if (program === "stubborn") ignore(15);
        return { exitCode: new Promise<number>(() => {}) };
      },
    });
    await app.call("start");
    const beganAtMs = app.world.nowMs;
    const polite = await app.call("exec", ["polite"], { timeout: "2s" });
    expect(polite).toMatchObject({ exitCode: 143, timedOut: true });
    const politeMs = app.world.nowMs - beganAtMs;
    expect(politeMs).toBeGreaterThanOrEqual(2_000);
    expect(politeMs).toBeLessThan(3_000);
    const stubborn = await app.call("exec", ["stubborn"], { timeout: "2s" });
    expect(stubborn).toMatchObject({ exitCode: 137, timedOut: true });
    expect(app.world.nowMs - beganAtMs - politeMs).toBeGreaterThanOrEqual(7_000);
  });

  it("ends one that writes too much, and keeps no more than it may", async () => {
    const source = endless(65_536);
    const app = await boxOf({ exec: source.exec });
    const result = (await app.call("exec", ["yes"], { maxOutputBytes: 100_000 })) as ExecResult;
    expect(result).toMatchObject({ isTruncated: true, timedOut: false, exitCode: 143 });
    expect(result.stdout).toHaveLength(100_000);
    expect(source.parts).toBeLessThan(20);
  });

  it.each([["missing"], ["/bin/missing"]])(
    "tells of a program that is not there: %s",
    async (program) => {
      const app = await boxOf({ exec: () => undefined });
      const error = await thrownBy(app.call("exec", [program]));
      expect(errorCode(error)).toBe("PROGRAM_NOT_FOUND");
      expect(String(error)).toContain(program);
    },
  );

  it("tells of a container that ends meanwhile, and of how", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    await app.call("start");
    const work = app.call("exec", ["job"]);
    await app.advance("1s");
    app.crash({ exitCode: 9 });
    expect(String(await thrownBy(work))).toMatch(/\[EXITED\] .*exit code 9 \(exit\)/);
  });

  it("takes 137 for what it is while the container lives", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: 137, stderr: "out of memory" }) });
    expect(await app.call("exec", ["greedy"])).toMatchObject({ exitCode: 137 });
  });

  it("keeps the instance awake, and no longer than it takes", async () => {
    let finish: (code: number) => void = () => {};
    const app = await boxOf({
      exec: () => ({ exitCode: new Promise<number>((resolve) => (finish = resolve)) }),
    });
    const work = app.call("exec", ["long"], { timeout: "2h" });
    await app.advance("40m");
    expect(await app.call("peek")).toMatchObject({ isRunning: true, leases: { exec: 1 } });
    finish(0);
    expect(await work).toMatchObject({ exitCode: 0 });
    await app.advance("12m");
    expect(app.container.running).toBe(false);
  });

  it("is awaited by a drain, and ends with it", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    await app.call("start");
    const work = app.call("exec", ["long"]);
    await app.advance("1s");
    await app.call("stop");
    await app.advance("9s");
    expect(app.container.running).toBe(true);
    await app.advance("2s");
    expect(app.container.running).toBe(false);
    expect(await codeOf(work)).toBe("EXITED");
  });

  it("ends the program of a caller who leaves", async () => {
    let signal = 0;
    const app = await boxOf({
      exec: (_argv, { killed }) => {
        void killed.then((number) => (signal = number));
        return { exitCode: new Promise<number>(() => {}) };
      },
    });
    await app.call("start");
    const code = await app.world.run(async () => {
      const caller = new AbortController();
      const work = codeOf(app.stub.exec(["long"], { signal: caller.signal }));
      setTimeout(() => caller.abort(), 1_000);
      return await work;
    });
    expect([code, signal]).toEqual(["ABORTED", 15]);
  });

  it("does not wait for a runtime that never starts the program", async () => {
    const app = await boxOf({});
    app.container.exec = () => new Promise(() => {});
    const work = app.call("exec", ["true"], { timeout: "3s" });
    expect(String(await thrownBy(work))).toContain("[REQUEST_TIMEOUT]");
    expect(await app.call("peek")).toMatchObject({ leases: { exec: 0 } });
  });

  it("names what a runtime lacks that has no exec", async () => {
    const app = await boxOf({});
    Object.defineProperty(app.container, "exec", { value: undefined });
    const error = await thrownBy(app.call("exec", ["true"]));
    expect(errorCode(error)).toBe("NOT_SUPPORTED");
    expect(String(error)).toContain("ctx.container.exec()");
    expect(app.starts).toBe(0);
  });

  it.each([
    ["ls -l", {}, "INVALID_ARGUMENT"],
    [["true"], { timeout: "x" }, "INVALID_DURATION"],
    [["true"], { env: { "A=B": "secret-value" } }, "INVALID_ENV"],
    [["true"], { stdin: 7 }, "INVALID_ARGUMENT"],
  ])("refuses %j with %j", async (command, options, code) => {
    const app = await boxOf({ exec: () => ({}) });
    const error = await thrownBy(app.call("exec", command as never[], options as object));
    expect(errorCode(error)).toBe(code);
    expect(String(error)).not.toContain("secret-value");
  });
});

describe("execStream()", () => {
  const parts = (...texts: string[]): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull(controller) {
        const text = texts.shift();
        if (text === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(text));
      },
    });

  it("gives outputs as they come, and the exit after them", async () => {
    const app = await boxOf({
      exec: () => ({ stdout: parts("one ", "two"), stderr: parts("warn"), exitCode: 3 }),
    });
    const seen = await app.world.run(async () => {
      const program: ExecHandle = await app.stub.execStream(["build"]);
      const outputs = [program.stdout, program.stderr].map((stream) => new Response(stream).text());
      return [...(await Promise.all(outputs)), await program.exit()];
    });
    const exit = { exitCode: 3, isTruncated: false, timedOut: false };
    expect(seen).toMatchObject(["one two", "warn", exit]);
    expect(await app.call("peek")).toMatchObject({ leases: { exec: 0 } });
  });

  it("ends the program of whoever cancels its output", async () => {
    const source = endless(1_000);
    const app = await boxOf({ exec: source.exec });
    const exit = await app.world.run(async () => {
      const program: ExecHandle = await app.stub.execStream(["yes"]);
      const reader = program.stdout.getReader();
      await reader.read();
      await reader.cancel();
      return await program.exit();
    });
    expect(exit).toMatchObject({ exitCode: 143 });
  });

  it("takes signals", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    const seen = await app.world.run(async () => {
      const program: ExecHandle = await app.stub.execStream(["serve"]);
      await program.resize(10, 10);
      const refused = await codeOf(program.kill("SIGNOTHING"));
      await program.kill("SIGINT");
      return [refused, await program.exit()];
    });
    expect(seen).toMatchObject(["INVALID_ARGUMENT", { exitCode: 130 }]);
  });

  it("stops at its maximum, and does not wait for one who never reads", async () => {
    const source = endless(1_000);
    const app = await boxOf({ exec: source.exec });
    const [text, limited, unread] = await app.world.run(async () => {
      const program: ExecHandle = await app.stub.execStream(["yes"], { maxOutputBytes: 2_500 });
      const read = await new Response(program.stdout).text();
      const idle: ExecHandle = await app.stub.execStream(["yes"], { timeout: "5s" });
      return [read, await program.exit(), await idle.exit()];
    });
    expect(text).toHaveLength(2_500);
    expect(limited).toMatchObject({ isTruncated: true });
    expect(unread).toMatchObject({ timedOut: true, exitCode: null });
    expect(await app.call("peek")).toMatchObject({ leases: { exec: 0 } });
  });

  it("breaks its outputs when the container ends", async () => {
    const app = await boxOf({
      exec: () => ({ stdout: new ReadableStream(), exitCode: new Promise<number>(() => {}) }),
    });
    const outcome = app.world.run(async () => {
      const program: ExecHandle = await app.stub.execStream(["serve"]);
      const read = await codeOf(new Response(program.stdout).text());
      return [read, await codeOf(program.exit())];
    });
    await app.advance("1s");
    app.crash();
    expect(await outcome).toEqual(["EXITED", "EXITED"]);
  });
});

describe("connectTcp()", () => {
  it("starts the container, waits for the port and carries bytes both ways", async () => {
    const app = await boxOf({
      bootMs: 3_000,
      ports: [5432],
      tcp: ({ readable, writable }) => readable.pipeTo(writable),
    });
    const text = await app.world.run(async () => {
      const connection = await app.stub.connectTcp(5432);
      const writer = connection.writable.getWriter();
      await writer.write(new TextEncoder().encode("ping"));
      void writer.close();
      const echoed = await new Response(connection.readable).text();
      await connection.closed();
      return echoed;
    });
    expect(text).toBe("ping");
    expect(await app.call("peek")).toMatchObject({ leases: { socket: 0 } });
  });

  it("keeps the instance awake while it is open, and tells of the container's end", async () => {
    const app = await boxOf({ ports: [5432], tcp: () => new Promise(() => {}) });
    const over = app.world.run(async () => {
      const connection = await app.stub.connectTcp(5432);
      await connection.closed();
      return (await connection.readable.getReader().read()).done;
    });
    await app.advance("30m");
    expect(app.container.running).toBe(true);
    app.crash();
    expect(await over).toBe(true);
  });

  it("can be closed from here", async () => {
    const app = await boxOf({ ports: [5432], tcp: () => new Promise(() => {}) });
    await app.world.run(async () => {
      const connection = await app.stub.connectTcp(5432);
      await connection.close();
      await connection.closed();
    });
    expect(await app.call("peek")).toMatchObject({ leases: { socket: 0 } });
  });

  it("refuses a port that stays closed, and what is no port", async () => {
    const app = await boxOf({ ports: [8080] });
    expect(await codeOf(app.call("connectTcp", 5432, { readyTimeout: "2s" }))).toBe("PORT_TIMEOUT");
    expect(await codeOf(app.call("connectTcp", 0))).toBe("INVALID_PORT");
    expect(await app.call("peek")).toMatchObject({ leases: { socket: 0 } });
  });

  it("tells of a container that ends before the port is open", async () => {
    const app = await boxOf({ ports: [8080] });
    const work = app.call("connectTcp", 5432);
    await app.advance("1s");
    app.crash();
    expect(await codeOf(work)).toBe("EXITED");
  });
});

describe("inspect() and metrics()", () => {
  const output = "== memory.current\n2000\n== meminfo\nMemTotal: 4 kB\n";

  it("tell of a container without keeping it", async () => {
    const app = await boxOf({ exec: ([program]) => (program === "sh" ? { stdout: output } : {}) });
    await app.call("start", { labels: { a: "b" } });
    for (let minute = 0; minute < 12; minute += 1) {
      await app.call("metrics");
      await app.call("inspect");
      await app.advance("1m");
    }
    expect(app.container.running).toBe(false);
    await app.call("start", { labels: { a: "b" } });
    expect(await app.call("inspect")).toEqual({ image: "fake", labels: { a: "b" } });
    const metrics = { source: "cgroup2", memoryUsedBytes: 2_000, memoryLimitBytes: 4_096 };
    expect(await app.call("metrics")).toMatchObject(metrics);
  });

  it("give null where none runs, and start none", async () => {
    const app = await boxOf({});
    expect([await app.call("inspect"), await app.call("metrics")]).toEqual([null, null]);
    expect(app.starts).toBe(0);
  });

  it("know nothing of an image without a shell", async () => {
    const app = await boxOf({ exec: () => undefined });
    await app.call("start");
    expect(await app.call("metrics")).toMatchObject({ source: "none", cpuUsageMs: undefined });
  });

  it("name what a runtime lacks", async () => {
    const app = await boxOf({});
    for (const name of ["exec", "inspect"]) {
      Object.defineProperty(app.container, name, { value: undefined });
    }
    expect(String(await thrownBy(app.call("inspect")))).toContain("ctx.container.inspect()");
    expect(await codeOf(app.call("metrics"))).toBe("NOT_SUPPORTED");
  });
});
