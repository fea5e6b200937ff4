import { expect } from "vitest";
import { ability, answer, boxOf, scenario, type Subject } from "./scenario.ts";

/** An error that says something; ours has its code in it. */
function timeoutOf({ name }: Subject): object {
  return { message: expect.stringMatching(name === "berth" ? /PORT_TIMEOUT/ : /./) as unknown };
}

export const START = [
  scenario(17, "5 cold requests at once: 1 start, 1 onStart, 5 × 200", async (subject) => {
    const box = await boxOf(subject, { options: { bootMs: 900 } });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => answer(box.fetch("/"))));
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 200, 200]);
    expect([box.starts, box.callsOf("onStart").length]).toEqual([1, 1]);
  }),

  scenario(18, "one of two cold requests leaves: the other is served", async (subject) => {
    const box = await boxOf(subject, { options: { bootMs: 900 } });
    const client = new AbortController();
    const first = box.fetch("/", { signal: client.signal });
    await box.advance("10ms"); // so that it comes first, whatever the seed
    const second = box.fetch("/");
    await box.advance("100ms");
    client.abort();
    await first.catch(() => "gone");
    expect((await answer(second))[0]).toBe(200);
    expect(box.starts).toBe(1);
  }),

  scenario(
    19,
    "two starts at once with different environments: a conflict, not silence",
    async (subject) => {
      const box = await boxOf(subject, { options: { bootMs: 500 } });
      const first = box.call("startAndWaitForPorts", { startOptions: { envVars: { A: "1" } } });
      await box.advance("10ms"); // so that it comes first, whatever the seed
      const second = box.call("startAndWaitForPorts", { startOptions: { envVars: { A: "2" } } });
      const results = await Promise.allSettled([first, second]);
      expect(results).toMatchObject([
        { status: "fulfilled" },
        {
          status: "rejected",
          reason: { message: expect.stringContaining("START_CONFLICT") as unknown },
        },
      ]);
    },
  ),

  scenario(
    20,
    "a budget that is smaller than the boot ends in an error, and in no ready state",
    async (subject) => {
      for (const portReadyTimeoutMS of [200, 0]) {
        const box = await boxOf(subject, { options: { ports: [] } });
        await expect(
          box.call("startAndWaitForPorts", {
            ports: 8080,
            cancellationOptions: { instanceGetTimeoutMS: 5_000, portReadyTimeoutMS },
          }),
        ).rejects.toMatchObject(timeoutOf(subject));
        expect(await box.call("getState")).not.toMatchObject({ status: "healthy" });
      }
    },
  ),

  scenario(
    21,
    "503 for five seconds, then 200: the first request is sent only after the 200",
    async (subject) => {
      const seen: [path: string, atMs: number][] = [];
      const box = await boxOf(subject, {
        options: {
          app: (request) => {
            const { pathname } = new URL(request.url);
            seen.push([pathname, Date.now()]);
            return new Response(null, { status: Date.now() < warmAtMs ? 503 : 200 });
          },
        },
      });
      const warmAtMs = Date.now() + 5_000;
      expect((await answer(box.fetch("/work")))[0]).toBe(200);
      const sent = seen.filter(([path]) => path === "/work");
      expect(sent).toHaveLength(1);
      expect(sent[0]?.[1]).toBeGreaterThanOrEqual(warmAtMs);
    },
  ),

  scenario(22, "three ports have one budget together", async (subject) => {
    const box = await boxOf(subject, { options: { ports: [] } });
    const open = (port: number, afterMs: number): void => {
      void box.world.delay(afterMs).then(() => box.container.setPortOpen(port, true));
    };
    const began = Date.now();
    const waiting = box.call("startAndWaitForPorts", {
      ports: [8081, 8082, 8083],
      cancellationOptions: { portReadyTimeoutMS: 300 },
    });
    open(8081, 250);
    open(8082, 500);
    open(8083, 750);
    await expect(waiting).rejects.toMatchObject(timeoutOf(subject));
    expect(Date.now() - began).toBeGreaterThanOrEqual(300);
    expect(Date.now() - began).toBeLessThan(400);
  }),

  scenario(23, "a request to one port waits for all that the class requires", async (subject) => {
    const box = await boxOf(subject, {
      fields: { requiredPorts: [8080, 9000] },
      options: { ports: [8080] },
    });
    void box.world.delay(3_000).then(() => box.container.setPortOpen(9000, true));
    const began = Date.now();
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(3_000);
  }),

  scenario(24, "a boot of a minute within a readyTimeout of two is served", async (subject) => {
    const box = await boxOf(subject, {
      fields: { startup: { readyTimeout: "120s" } },
      options: { bootMs: 60_000 },
    });
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect(box.starts).toBe(1);
  }),

  scenario(25, "a `running` that blips during the boot starts nothing twice", async (subject) => {
    const box = await boxOf(subject, { options: { bootMs: 2_000 } });
    const response = box.fetch("/");
    await box.advance("1s");
    box.container.faults.blipUntil(Date.now() + 200);
    expect((await answer(response))[0]).toBe(200);
    expect([box.starts, box.callsOf("onStop").length]).toEqual([1, 0]);
  }),

  scenario(
    26,
    "an image that does its job and exits is run to its end, without a port",
    async (subject) => {
      const box = await boxOf(subject, { options: { ports: [] } });
      box.container.faults.exitAfterStart = { afterMs: 2_000, exitCode: 0 };
      expect(await ability(box, "run")).toMatchObject({ exitCode: 0, cause: "exit", runId: 1 });
      expect(box.bill()).toMatchObject({ starts: 1, requests: 0, refusedRequests: 0 });
    },
  ),

  scenario(27, "every wording of a closed port means: not yet", async (subject) => {
    const words = [
      "Container is not listening to port 8080",
      "the container is not listening in the TCP address 10.0.0.1:8080",
      "container port not found. Make sure you exposed the port in your container definition.",
      "Connection refused: container port not found.",
    ];
    for (const text of words) {
      const box = await boxOf(subject, { options: { ports: [8080] } });
      const port = box.container.getTcpPort.bind(box.container);
      const openAtMs = Date.now() + 1_500;
      box.container.getTcpPort = (number) => {
        if (Date.now() >= openAtMs) return port(number);
        return { fetch: () => Promise.reject(new Error(text)) } as unknown as Fetcher;
      };
      expect([text, (await answer(box.fetch("/")))[0]]).toEqual([text, 200]);
    }
  }),

  scenario(
    28,
    "a probe that is never answered is given up, and the next one is",
    async (subject) => {
      let asked = 0;
      const box = await boxOf(subject, {
        options: {
          app: () => {
            asked += 1;
            return asked === 1 ? new Promise<Response>(() => {}) : new Response("hi");
          },
        },
      });
      expect((await answer(box.fetch("/")))[0]).toBe(200);
    },
  ),

  scenario(
    29,
    "start() and two startAndWaitForPorts() of one run call onStart once",
    async (subject) => {
      const box = await boxOf(subject, { options: { bootMs: 100 } });
      await box.call("start");
      await box.call("startAndWaitForPorts");
      await box.call("startAndWaitForPorts");
      expect([box.starts, box.callsOf("onStart").length]).toEqual([1, 1]);
    },
  ),

  scenario(30, "an onStart of 40 s holds up no other call, and resets nothing", async (subject) => {
    const box = await boxOf(subject, {
      methods: {
        onStart: () => box.world.delay(40_000),
        hello: () => "hello",
      },
    });
    const response = box.fetch("/");
    await box.advance("5s");
    const began = Date.now();
    expect(await box.call("hello")).toBe("hello");
    expect(Date.now() - began).toBeLessThan(1_000);
    await box.advance("60s");
    expect((await answer(response))[0]).toBe(200);
    expect(box.bill().wakeUps).toBe(1);
  }),
];
