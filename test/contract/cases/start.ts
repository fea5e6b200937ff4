import { APP_PORT, NO_LISTENER, ask, startApp, untilAnswering } from "../container-app.ts";
import { insideCase, type ContractCase } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

/** The program that no image has. */
const NO_PROGRAM = { enableInternet: false, entrypoint: ["/no/such/program"] };

const ALREADY = "start() cannot be called on a container that is already running.";
const MISSING = {
  name: "Error",
  message: "Container exited with unexpected exit code: 127",
  exitCode: 127,
};

export const startCases: readonly ContractCase[] = [
  insideCase({
    title: "start() returns undefined, and running is true at once",
    step: async ({ container }) => {
      const before = container.running;
      const started = await outcome(() => container.start({ enableInternet: false }));
      return { before, started, after: container.running };
    },
    expected: { before: false, started: { resolved: "undefined" }, after: true },
  }),
  insideCase({
    title: "a second start() throws",
    step: async (probe) => {
      await startApp(probe);
      return await outcome(() => probe.container.start());
    },
    expected: { threw: { name: "Error", message: ALREADY } },
  }),
  insideCase({
    title: "a start whose program is missing is told by monitor() only",
    step: async ({ container }) => {
      const started = await outcome(() => container.start(NO_PROGRAM));
      const running = container.running;
      const first = await outcome(() => container.monitor());
      return { started, running, first, after: container.running };
    },
    expected: {
      started: { resolved: "undefined" },
      running: true,
      first: { rejected: MISSING },
      after: false,
    },
    fake: {
      startMs: 50,
      startError: () => Object.assign(new Error(MISSING.message), { exitCode: 127 }),
    },
  }),
  insideCase({
    title: "the first fetch after start() waits until there is a container",
    step: async ({ container }) => {
      container.start(NO_LISTENER);
      return await outcome(() => container.getTcpPort(APP_PORT).fetch("http://app/"));
    },
    expected: {
      rejected: {
        name: "Error",
        message: "Container is not listening to port 8080",
        retryable: true,
      },
    },
    fake: { ports: [], startMs: 50 },
  }),
  insideCase({
    title: "the app has the environment of its start",
    step: async (probe) => {
      await startApp(probe, { GREETING: "hello" });
      return [await ask(probe, "/env?name=GREETING"), await ask(probe, "/env?name=NOTHING")];
    },
    expected: ["hello", "none"],
  }),
  insideCase({
    title: "a container that has ended can be started again, with clean files",
    step: async (probe) => {
      await startApp(probe);
      await ask(probe, "/write?text=kept");
      const first = await ask(probe, "/read");
      await probe.container.destroy();
      probe.container.start({ enableInternet: false });
      await untilAnswering(probe);
      return [first, await ask(probe, "/read")];
    },
    expected: ["kept", "none"],
  }),
];
