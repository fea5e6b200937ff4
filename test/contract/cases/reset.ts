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
