import { sleep } from "../container-app.ts";
import { outsideCase, type ContractCase, type Observation, type Step } from "../contract-case.ts";

const LOG = "alarms";

const log = (storage: DurableObjectStorage, entry: Observation): readonly Observation[] => {
  const entries = [...(storage.kv.get<Observation[]>(LOG) ?? []), entry];
  storage.kv.put(LOG, entries);
  return entries;
};
const read: Step = ({ storage }) => storage.kv.get<Observation[]>(LOG) ?? [];
const set: Step = async ({ storage }) => (await storage.setAlarm(Date.now() + 50), null);

export const alarmCases: readonly ContractCase[] = [
  outsideCase({
    title: "an alarm is gone as it rings, and may be set anew",
    steps: {
      set,
      read,
      alarm: async ({ storage }) => {
        const entries = log(storage, await storage.getAlarm());
        if (entries.length < 3) await storage.setAlarm(Date.now() + 50);
        return null;
      },
    },
    phase: async (client) => {
      await client.act("set");
      await sleep(2000);
      return await client.act("read");
    },
    expected: [null, null, null],
  }),
  outsideCase({
    title: "an alarm that fails rings again, and is told so",
    steps: {
      set,
      read,
      alarm: ({ storage }, info) => {
        const entries = log(storage, info);
        if (entries.length < 2) throw new Error("not yet");
        return null;
      },
    },
    phase: async (client) => {
      await client.act("set");
      await sleep(6000);
      return await client.act("read");
    },
    expected: [
      { retryCount: 0, isRetry: false },
      { retryCount: 1, isRetry: true },
    ],
  }),
  outsideCase({
    title:
      "an alarm of the past rings at once, the latest time counts, and a deleted one is silent",
    steps: {
      past: async ({ storage }) => (await storage.setAlarm(1000), null),
      moved: async ({ storage }) => {
        await storage.setAlarm(Date.now() + 100);
        await storage.setAlarm(Date.now() + 3_600_000);
        return (await storage.getAlarm()) === null;
      },
      deleted: async ({ storage }) => {
        await storage.setAlarm(Date.now() + 100);
        await storage.deleteAlarm();
        return await storage.getAlarm();
      },
      read,
      alarm: ({ storage }) => (log(storage, "rang"), null),
    },
    phase: async (client) => {
      await client.act("past");
      await sleep(1000);
      const past = await client.act("read");
      const moved = await client.act("moved");
      await sleep(1000);
      const deleted = await client.act("deleted");
      await sleep(1000);
      return { past, moved, deleted, after: await client.act("read") };
    },
    expected: { past: ["rang"], moved: false, deleted: null, after: ["rang"] },
  }),
];
