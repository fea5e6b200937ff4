import { APP_PORT, OTHER_PORT, ask, startApp } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation, type Probe } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const LOST = { name: "Error", message: "Network connection lost.", retryable: true };

const closed = (port: number): Observation => ({
  rejected: {
    name: "Error",
    message: `Container is not listening to port ${port}`,
    retryable: true,
  },
});

const ended = async (probe: Probe): Promise<Observation> => {
  await outcome(() => probe.container.monitor());
  return await outcome(() => ask(probe, "/", undefined, OTHER_PORT));
};

export const portCases: readonly ContractCase[] = [
  insideCase({
    title: "before any start there is no ingress",
    step: (probe) => outcome(() => ask(probe, "/")),
    expected: {
      rejected: { name: "Error", message: "connect(): Container ingress proxy is not running." },
    },
  }),
  insideCase({
    title: "a port is open while the app listens to it",
    step: async (probe) => {
      await startApp(probe);
      const before = await outcome(() => ask(probe, "/", undefined, OTHER_PORT));
      await ask(probe, `/port?port=${OTHER_PORT}&open=yes`);
      const open = await outcome(() => ask(probe, "/", undefined, OTHER_PORT));
      await ask(probe, `/port?port=${OTHER_PORT}&open=no`);
      // The first may meet the connection that has just been closed.
      await outcome(() => ask(probe, "/", undefined, OTHER_PORT));
      return { before, open, after: await outcome(() => ask(probe, "/", undefined, OTHER_PORT)) };
    },
    expected: { before: closed(9000), open: { resolved: "ready" }, after: closed(9000) },
  }),
  insideCase({
    title: "after an exit, no port is open",
    step: async (probe) => {
      await startApp(probe);
      await ask(probe, "/exit?code=0");
      return await ended(probe);
    },
    expected: closed(9000),
  }),
  insideCase({
    title: "after destroy(), no port is open",
    step: async (probe) => {
      await startApp(probe);
      await probe.container.destroy();
      return await outcome(() => ask(probe, "/", undefined, OTHER_PORT));
    },
    expected: closed(9000),
  }),
  insideCase({
    title: "a body breaks when the container ends",
    step: async (probe) => {
      await startApp(probe);
      const response = await probe.container.getTcpPort(APP_PORT).fetch("http://app/die");
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const first = new TextDecoder().decode((await reader.read()).value);
      return { status: response.status, first, next: await outcome(() => reader.read()) };
    },
    expected: { status: 200, first: "first", next: { rejected: LOST } },
  }),
  insideCase({
    title: "a request breaks when the container ends before it answers",
    step: async (probe) => {
      await startApp(probe);
      return await outcome(() => ask(probe, "/die-silent"));
    },
    expected: { rejected: LOST },
  }),
  insideCase({
    title: "method, header and body reach the app, and its status comes back",
    step: async (probe) => {
      await startApp(probe);
      const port = probe.container.getTcpPort(APP_PORT);
      const response = await port.fetch("http://app/echo?x=1", {
        method: "PUT",
        headers: { "x-probe": "yes" },
        body: "hello",
      });
      const { status } = response;
      return { status, ...(await response.json<Record<string, Observation>>()) };
    },
    expected: {
      status: 201,
      method: "PUT",
      url: "http://app/echo?x=1",
      header: "yes",
      body: "hello",
    },
  }),
  insideCase({
    title: "a request may stand for its own settings",
    step: async (probe) => {
      await startApp(probe);
      const port = probe.container.getTcpPort(APP_PORT);
      const headers = { "x-probe": "yes" };
      const request = new Request("http://other/", { method: "PUT", headers, body: "hello" });
      const response = await port.fetch("http://app/echo", request);
      return await response.json<Record<string, Observation>>();
    },
    expected: { method: "PUT", url: "http://app/echo", header: "yes", body: "hello" },
  }),
  insideCase({
    title: "an answer to HEAD has no body",
    step: async (probe) => {
      await startApp(probe);
      const port = probe.container.getTcpPort(APP_PORT);
      const response = await port.fetch("http://app/", { method: "HEAD" });
      return [response.status, await response.text()];
    },
    expected: [200, ""],
  }),
  insideCase({
    title: "a redirect is followed unless told otherwise",
    step: async (probe) => {
      await startApp(probe);
      const port = probe.container.getTcpPort(APP_PORT);
      const manual = await port.fetch("http://app/redirect", { redirect: "manual" });
      await manual.text();
      return [await ask(probe, "/redirect"), manual.status, manual.headers.get("location")];
    },
    expected: ["ready", 302, "/"],
  }),
  insideCase({
    title: "a port takes no HTTPS",
    step: async (probe) => {
      await startApp(probe);
      const port = probe.container.getTcpPort(APP_PORT);
      return await outcome(() => port.fetch("https://app/"));
    },
    expected: {
      rejected: {
        name: "Error",
        message:
          "Connecting to a container using HTTPS is not currently supported; use HTTP instead. TLS is unnecessary anyway, as the connection is already secure by default.",
      },
    },
  }),
  insideCase({
    title: "a request can be given up",
    step: async (probe) => {
      await startApp(probe);
      const client = new AbortController();
      setTimeout(() => client.abort(new Error("enough")), 100);
      return await outcome(() => ask(probe, "/hang", { signal: client.signal }));
    },
    expected: { rejected: { name: "Error", message: "enough" } },
  }),
];
