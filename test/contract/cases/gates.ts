import { sleep } from "../container-app.ts";
import { outsideCase, type ContractCase, type Phase, type Step } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

/** Calls the one, and while it is at work the other. */
const together: Phase = async (client) => {
  const first = client.act("first");
  await sleep(30);
  await Promise.all([first, client.act("second")]);
  return await client.act("notes");
};

const second: Step = ({ notes }) => (notes.push("second"), null);

export const gateCases: readonly ContractCase[] = [
  outsideCase({
    title: "other events come while an object waits for time",
    steps: {
      first: async ({ notes }) => {
        notes.push("first begins");
        await sleep(200);
        notes.push("first ends");
        return null;
      },
      second,
    },
    phase: together,
    expected: ["first begins", "second", "first ends"],
  }),
  outsideCase({
    title: "no event comes during blockConcurrencyWhile()",
    steps: {
      first: async ({ ctx, notes }) => {
        await ctx.blockConcurrencyWhile(async () => {
          notes.push("first begins");
          await sleep(200);
          notes.push("first ends");
        });
        return null;
      },
      second,
    },
    phase: together,
    expected: ["first begins", "first ends", "second"],
  }),
  outsideCase({
    title: "no event comes before the constructor's blockConcurrencyWhile() has ended",
    steps: {
      construct: ({ ctx, notes }) => {
        void ctx.blockConcurrencyWhile(async () => {
          await sleep(100);
          notes.push("constructed");
        });
        return null;
      },
      abort: ({ ctx }) => (ctx.abort("enough"), null),
      second,
    },
    phase: async (client) => {
      await client.act("look");
      await outcome(() => client.act("abort"));
      await client.act("second");
      return await client.act("notes");
    },
    expected: ["constructed", "second"],
  }),
  outsideCase({
    title: "blockConcurrencyWhile() that fails resets the object",
    steps: {
      first: async ({ ctx }) => {
        await ctx.blockConcurrencyWhile(() => Promise.reject(new Error("no way")));
        return null;
      },
    },
    phase: async (client) => {
      const failed = await outcome(() => client.act("first"));
      return { failed: "rejected" in Object(failed), seen: await client.act("look") };
    },
    expected: { failed: true, seen: { constructions: 2, wasRunning: false, running: false } },
  }),
  outsideCase({
    title: "no event comes between a read and what follows it",
    steps: {
      first: async ({ storage, notes }) => {
        const count = (await storage.get<number>("count")) ?? 0;
        notes.push(count);
        await storage.put("count", count + 1);
        return null;
      },
    },
    phase: async (client) => {
      await Promise.all(Array.from({ length: 8 }, () => client.act("first")));
      return await client.act("notes");
    },
    expected: [0, 1, 2, 3, 4, 5, 6, 7],
  }),
];
