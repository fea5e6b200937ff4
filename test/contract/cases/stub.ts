import { sleep } from "../container-app.ts";
import { outsideCase, type ContractCase, type Observation } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const RESET = {
  rejected: { name: "Error", message: "enough", durableObjectReset: true },
};

const noMethod = (name: string): Observation => ({
  rejected: {
    name: "TypeError",
    message: `The RPC receiver does not implement the method "${name}".`,
    remote: true,
  },
});

export const stubCases: readonly ContractCase[] = [
  outsideCase({
    title: "an error crosses a call with its words",
    steps: {
      fail: () => {
        throw Object.assign(new RangeError("no way"), { code: "NO" });
      },
    },
    phase: (client) => outcome(() => client.act("fail")),
    expected: {
      rejected: {
        name: "RangeError",
        message: "no way",
        code: "NO",
        durableObjectId: "string",
        remote: true,
      },
    },
  }),
  outsideCase({
    title: "an error crosses a request with its words",
    steps: {},
    fetch: () => {
      throw Object.assign(new RangeError("no way"), { code: "NO" });
    },
    phase: async (client) => {
      await client.act("look");
      return await outcome(() => client.fetch("/"));
    },
    expected: {
      rejected: { name: "RangeError", message: "no way", code: "NO", remote: true },
    },
  }),
  outsideCase({
    title: "a stub is broken by a reset of its object; a new one is not",
    steps: {
      abort: ({ ctx }) => {
        ctx.abort("enough");
        return null;
      },
    },
    phase: async (client) => {
      const old = client.withOneStub();
      await old.act("look");
      const aborted = await outcome(() => old.act("abort"));
      return { aborted, old: await outcome(() => old.act("look")), new: await client.act("look") };
    },
    expected: {
      aborted: RESET,
      old: RESET,
      new: { constructions: 2, wasRunning: false, running: false },
    },
  }),
  outsideCase({
    title: "only methods of the class can be called",
    steps: {},
    phase: async (client) => ({
      missing: await outcome(() => client.call("nothing")),
      field: await outcome(() => client.call("open")),
    }),
    expected: { missing: noMethod("nothing"), field: noMethod("open") },
  }),
  outsideCase({
    title: "a method cannot give what has no copy",
    steps: {},
    phase: (client) => outcome(() => client.call("giveUncopiable")),
    expected: {
      rejected: {
        name: "DataCloneError",
        message:
          'Could not serialize object of type "Uncopiable". This type does not support serialization.',
        remote: true,
      },
    },
  }),
  outsideCase({
    title: "an object hears that its client has left, before and in its answer",
    steps: {},
    fetch: ({ notes }, request) => {
      const { pathname } = new URL(request.url);
      request.signal.addEventListener("abort", () => notes.push(`${pathname} left`));
      if (pathname === "/waiting") return new Promise(() => {});
      return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
    },
    phase: async (client) => {
      await client.act("look");
      const leaver = new AbortController();
      const waiting = outcome(() => client.fetch("/waiting", { signal: leaver.signal }));
      await sleep(100);
      leaver.abort(new Error("enough"));
      await waiting;
      const response = await client.fetch("/reading");
      await response.body?.cancel();
      await sleep(200);
      return await client.act("notes");
    },
    expected: ["/waiting left", "/reading left"],
  }),
];
