import { ask, startApp } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation, type Probe } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

type Loopback = (options: { readonly props: { readonly tag: string } }) => Fetcher;

/** The entrypoint of the Worker that says what it was given. */
function outbound({ ctx }: Probe, tag: string): Fetcher {
  const { OutboundProbe } = ctx.exports as unknown as { readonly OutboundProbe: Loopback };
  return OutboundProbe({ props: { tag } });
}

/** What the app is told when it asks for something outside. */
async function send(probe: Probe, url: string): Promise<Observation> {
  return await ask(probe, `/send?to=${encodeURIComponent(url)}`);
}

const answered = (url: string, tag: string): string =>
  `203 ${JSON.stringify({ method: "GET", url, tag })}`;

export const egressCases: readonly ContractCase[] = [
  insideCase({
    title: "exports are told apart by their classes, and a namespace takes its own ids only",
    step: async ({ ctx }) => {
      const exports = Object.entries(ctx.exports as unknown as Record<string, object>);
      const namespaces = exports.filter(([, value]) =>
        value.constructor.name.endsWith("Namespace"),
      );
      const [name = "none", namespace] = namespaces[0] ?? [];
      const { idFromString } = namespace as unknown as DurableObjectNamespace;
      const read = (id: string): string => idFromString.call(namespace, id).toString();
      const own = ctx.id.toString();
      return {
        names: namespaces.map(([each]) => each),
        name,
        takesOwn: read(own) === own,
        foreign: await outcome(() => read("0".repeat(64))),
      };
    },
    expected: {
      names: ["ProbeObject"],
      name: "ProbeObject",
      takesOwn: true,
      foreign: {
        threw: {
          name: "TypeError",
          message: "Durable Object ID is not valid for this namespace.",
        },
      },
    },
  }),
  insideCase({
    title: "all of HTTP that is intercepted before the start goes to the entrypoint, with props",
    step: async (probe) => {
      await probe.container.interceptAllOutboundHttp(outbound(probe, "all"));
      await startApp(probe);
      return [
        await send(probe, "http://example.com/a?b=c"),
        await send(probe, "http://EXAMPLE.com./"),
        await send(probe, "http://192.0.2.7/"),
      ];
    },
    expected: [
      answered("http://example.com/a?b=c", "all"),
      answered("http://example.com./", "all"),
      answered("http://192.0.2.7/", "all"),
    ],
  }),
  insideCase({
    title: "one host that is intercepted is answered, and another is not reached",
    step: async (probe) => {
      await probe.container.interceptOutboundHttp("one.example", outbound(probe, "one"));
      await startApp(probe);
      return [await send(probe, "http://one.example/"), await send(probe, "http://two.example/")];
    },
    expected: [answered("http://one.example/", "one"), "refused"],
  }),
  insideCase({
    title: "an interception that is made anew while the container runs takes the place of the old",
    step: async (probe) => {
      await probe.container.interceptAllOutboundHttp(outbound(probe, "old"));
      await startApp(probe);
      await probe.container.interceptAllOutboundHttp(outbound(probe, "new"));
      return await send(probe, "http://example.com/");
    },
    expected: answered("http://example.com/", "new"),
  }),
];
