import { afterEach, describe, expect, it } from "vitest";
import { Container, errorCode, type EnvContext, type ResolveEnv } from "../../src/index.ts";
import { simulate, type SimulatedInstance, type SimulationOptions } from "../../src/testing.ts";

const HI = { app: () => new Response("hi") };
const SECRET = "hunter2-hunter2";

let errors: unknown[] = [];
let box: SimulatedInstance<Container> | undefined;

afterEach(() => {
  box?.close();
  errors = [];
});

async function boxWith(
  resolveEnv: ResolveEnv,
  fields: object = {},
  options: SimulationOptions = {},
): Promise<SimulatedInstance<Container>> {
  class App extends Container {
    override defaultPort = 8080;
    override envVars = { MODE: "class", LEVEL: "class" };
    override resolveEnv = resolveEnv;

    constructor(ctx: DurableObjectState, env: never) {
      super(ctx, env);
      Object.assign(this, fields);
    }

    override onError(error: unknown): void {
      errors.push(error);
    }
  }
  box = await simulate(App, { ...HI, ...options });
  return box;
}

const codeOf = async (work: PromiseLike<unknown>): Promise<string | undefined> =>
  work.then(() => undefined, errorCode);

describe("resolveEnv", () => {
  it("is called once per run, and stands between the class and the caller of start()", async () => {
    const contexts: EnvContext[] = [];
    const app = await boxWith(async (context) => {
      contexts.push(context);
      return { TOKEN: SECRET, MODE: "resolved", LEVEL: "resolved" };
    });
    const answers = await app.world.run(() =>
      Promise.all(Array.from({ length: 20 }, () => app.stub.fetch("http://app/"))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(contexts.map(({ runId }) => runId)).toEqual([1]);
    expect(app.container.starts[0]?.env).toEqual({
      TOKEN: SECRET,
      MODE: "resolved",
      LEVEL: "resolved",
    });
    await app.call("destroy");
    await app.call("start", { envVars: { LEVEL: "caller" } });
    expect(contexts.map(({ runId }) => runId)).toEqual([1, 2]);
    expect(app.container.starts[1]?.env).toEqual({
      TOKEN: SECRET,
      MODE: "resolved",
      LEVEL: "caller",
    });
  });

  it("fails the start, and not the next one, when it throws", async () => {
    let calls = 0;
    const app = await boxWith(async () => {
      calls += 1;
      if (calls === 1) throw new Error("the store is away");
      return {};
    });
    const response = await app.fetch("/");
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([503, "ENV_FAILED"]);
    expect(app.starts).toBe(0);
    expect((await app.fetch("/")).status).toBe(200);
  });

  it("never hangs a start", async () => {
    let isOver = false;
    const app = await boxWith(({ signal }) => {
      signal.addEventListener("abort", () => (isOver = true));
      return new Promise(() => {});
    });
    const beganAtMs = app.world.nowMs;
    expect(await codeOf(app.call("start"))).toBe("ENV_FAILED");
    expect(app.world.nowMs - beganAtMs).toBeLessThan(10_500);
    expect([isOver, app.starts]).toEqual([true, 0]);
  });

  it("leaves a caller free to go meanwhile", async () => {
    const app = await boxWith(() => new Promise(() => {}));
    const beganAtMs = app.world.nowMs;
    const waiting = { startup: { instanceTimeout: "2s" } };
    expect(await codeOf(app.call("start", undefined, waiting))).toBe("START_TIMEOUT");
    expect(app.world.nowMs - beganAtMs).toBeLessThan(2_500);
  });

  it.each([
    ["a name", { "A=B": SECRET }],
    ["a value", { KEY: `${SECRET}\0` }],
    ["a type", { KEY: 7 } as unknown as Record<string, string>],
  ])("is told of %s that cannot be passed, without the value", async (_what, env) => {
    const app = await boxWith(async () => env);
    const error: unknown = await app.call("start").then(
      () => undefined,
      (caught) => caught,
    );
    expect(errorCode(error)).toBe("INVALID_ENV");
    expect(String(error)).not.toContain(SECRET);
    expect(app.starts).toBe(0);
  });

  it("is not resolved anew for a run that never began, if its secrets may be old", async () => {
    let calls = 0;
    const app = await boxWith(
      async () => {
        calls += 1;
        return { TOKEN: `${SECRET}-${calls}` };
      },
      { maxRunsPerHour: 1 },
    );
    await app.call("start");
    await app.call("destroy");
    await app.advance("61m");
    await app.call("start");
    expect(app.container.starts.map((start) => start?.env?.["TOKEN"])).toEqual([
      `${SECRET}-1`,
      `${SECRET}-2`,
    ]);
  });

  it("has its values taken out of what the runtime says", async () => {
    const startError = (): Error => new Error(`Failed to start container: env TOKEN=${SECRET}`);
    const app = await boxWith(async () => ({ TOKEN: SECRET }), {}, { startError });
    const error: unknown = await app.call("start").then(
      () => undefined,
      (caught) => caught,
    );
    expect(String(error)).toContain("TOKEN=<TOKEN>");
    const shown = [error, ...errors].map((each) => `${String(each)} ${String(Object(each).cause)}`);
    expect(shown.join()).not.toContain(SECRET);
    const kept = [...app.storage.kv.list()].map((entry) => JSON.stringify(entry)).join();
    expect(kept).not.toContain(SECRET);
    expect(JSON.stringify(app.world.trace)).not.toContain(SECRET);
  });

  it("is refused as a method, which a stub could call", async () => {
    class Open extends Container {
      override defaultPort = 8080;
    }
    Object.assign(Open.prototype, { resolveEnv: async () => ({ TOKEN: SECRET }) });
    box = await simulate(Open, HI);
    expect(await codeOf(box.call("start"))).toBe("INVALID_CONFIG");
  });
});

describe("envVars", () => {
  it("are checked as well", async () => {
    const app = await boxWith(async () => ({}), { envVars: { "A=B": SECRET } });
    const error: unknown = await app.call("start").then(
      () => undefined,
      (caught) => caught,
    );
    expect(errorCode(error)).toBe("INVALID_ENV");
    expect(String(error)).not.toContain(SECRET);
  });
});
