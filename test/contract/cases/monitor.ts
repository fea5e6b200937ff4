import { ask, startApp } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const exited = (exitCode: number): Observation => ({
  rejected: {
    name: "Error",
    message: `Container exited with unexpected exit code: ${exitCode}`,
    exitCode,
  },
});

export const monitorCases: readonly ContractCase[] = [
  insideCase({
    title: "monitor() resolves after exit code 0, and says the same again",
    step: async (probe) => {
      await startApp(probe);
      await ask(probe, "/exit?code=0");
      const { container } = probe;
      const first = await outcome(() => container.monitor());
      return { first, running: container.running, again: await outcome(() => container.monitor()) };
    },
    expected: {
      first: { resolved: "undefined" },
      running: false,
      again: { resolved: "undefined" },
    },
  }),
  insideCase({
    title: "monitor() rejects with the exit code, and says the same again",
    step: async (probe) => {
      await startApp(probe);
      await ask(probe, "/exit?code=3");
      const { container } = probe;
      const first = await outcome(() => container.monitor());
      return { first, running: container.running, again: await outcome(() => container.monitor()) };
    },
    expected: { first: exited(3), running: false, again: exited(3) },
  }),
  insideCase({
    title: "running changes as monitor() settles, not later",
    step: async (probe) => {
      await startApp(probe);
      const seen: Observation[] = [];
      const watched = probe.container.monitor().then(() => seen.push(probe.container.running));
      await ask(probe, "/exit?code=0");
      await watched;
      return seen;
    },
    expected: [false],
  }),
  insideCase({
    title: "SIGKILL ends with 137",
    step: async (probe) => {
      await startApp(probe);
      probe.container.signal(9);
      return await outcome(() => probe.container.monitor());
    },
    expected: exited(137),
  }),
  insideCase({
    title: "SIGTERM ends as the app's handler decides",
    step: async (probe) => {
      await startApp(probe, { TERM_EXIT_CODE: "5" });
      const signalled = await outcome(() => probe.container.signal(15));
      return { signalled, ended: await outcome(() => probe.container.monitor()) };
    },
    expected: { signalled: { resolved: "undefined" }, ended: exited(5) },
    fake: { exitOn: { 15: 5 } },
  }),
  insideCase({
    title: "destroy() ends with 137",
    step: async (probe) => {
      await startApp(probe);
      const watched = outcome(() => probe.container.monitor());
      const destroyed = await outcome(() => probe.container.destroy());
      return { destroyed, running: probe.container.running, ended: await watched };
    },
    expected: { destroyed: { resolved: "undefined" }, running: false, ended: exited(137) },
  }),
  insideCase({
    title: "destroy(error) tells the error to the first who waits alone",
    step: async (probe) => {
      await startApp(probe);
      const { container } = probe;
      const first = outcome(() => container.monitor());
      const second = outcome(() => container.monitor());
      await container.destroy(new RangeError("enough"));
      return [await first, await second];
    },
    expected: [{ rejected: { name: "RangeError", message: "enough" } }, exited(137)],
  }),
];
