import { ask, sleep, startApp } from "../container-app.ts";
import { outsideCase, type ContractCase, type Observation, type Step } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const start: Step = async (probe) => (await startApp(probe), null);
const startLasting: Step = async (probe) => {
  await probe.container.setInactivityTimeout(30_000);
  return await start(probe, null);
};
const abort: Step = ({ ctx }) => {
  ctx.abort("enough");
  return null;
};

export const resetCases: readonly ContractCase[] = [
  outsideCase({
    title: "abort() takes the container along",
    steps: { start, abort },
    phase: async (client) => {
      await client.act("start");
      await outcome(() => client.act("abort"));
      await sleep(2000); // the runtime takes its time; whoever comes at once may find it
      return await client.act("look");
    },
    expected: { constructions: 2, wasRunning: false, running: false },
  }),
  outsideCase({
    title: "after setInactivityTimeout() the container outlives abort()",
    steps: { start: startLasting, abort, run: (probe) => ask(probe, "/run") },
    phase: async (client) => {
      await client.act("start");
      const before = await client.act("run");
      await outcome(() => client.act("abort"));
      const seen = await client.act("look");
      return { ...Object(seen), same: (await client.act("run")) === before } as Observation;
    },
    expected: { constructions: 2, wasRunning: true, running: true, same: true },
  }),
  outsideCase({
    title: "abort() loses what its turn has written, and nothing that sync() has confirmed",
    steps: {
      write: async ({ ctx, storage }) => {
        storage.kv.put("kept", "yes");
        storage.sql.exec("CREATE TABLE kept (one)");
        await storage.setAlarm(Date.now() + 3_600_000);
        await storage.sync();
        storage.kv.put("lost", "yes");
        storage.sql.exec("CREATE TABLE lost (one)");
        void storage.deleteAlarm();
        ctx.abort("enough");
        return null;
      },
      read: async ({ storage }) => ({
        kept: storage.kv.get<string>("kept") ?? null,
        lost: storage.kv.get<string>("lost") ?? null,
        tables: storage.sql
          .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name IN ('kept', 'lost')")
          .toArray()
          .map(({ name }) => name),
        hasAlarm: (await storage.getAlarm()) !== null,
      }),
    },
    phase: async (client) => {
      await client.act("look");
      await outcome(() => client.act("write"));
      return await client.act("read");
    },
    expected: { kept: "yes", lost: null, tables: ["kept"], hasAlarm: true },
  }),
  {
    title: "a restart of the runtime leaves a container with setInactivityTimeout() as it is",
    steps: { start: startLasting, read: (probe) => ask(probe, "/read"), write },
    phases: [
      async (client) => {
        await client.act("start");
        await client.act("write");
        return await client.act("look");
      },
      async (client) => ({
        ...(Object(await client.act("look")) as { readonly [name: string]: Observation }),
        read: await client.act("read"),
      }),
    ],
    expected: [
      { constructions: 1, wasRunning: false, running: true },
      { constructions: 2, wasRunning: true, running: true, read: "kept" },
    ],
  },
];

async function write(...[probe]: Parameters<Step>): Promise<Observation> {
  return await ask(probe, "/write?text=kept");
}
