import { startApp } from "../container-app.ts";
import { insideCase, type ContractCase } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const refused = (method: string): { readonly name: string; readonly message: string } => ({
  name: "Error",
  message: `${method}() cannot be called on a container that is not running.`,
});

export const notRunningCases: readonly ContractCase[] = [
  insideCase({
    title: "without a container, what needs one is refused",
    step: async ({ container }) => ({
      monitor: await outcome(() => container.monitor()),
      signal: await outcome(() => container.signal(15)),
      exec: await outcome(() => container.exec(["true"])),
      snapshot: await outcome(() => container.snapshotContainer({})),
    }),
    expected: {
      monitor: { rejected: refused("monitor") },
      signal: { threw: refused("signal") },
      exec: { rejected: refused("exec") },
      snapshot: { rejected: refused("snapshotContainer") },
    },
  }),
  insideCase({
    title:
      "without a container, destroy() and setInactivityTimeout() do nothing, and inspect() is null",
    step: async ({ container }) => ({
      running: container.running,
      destroy: await outcome(() => container.destroy()),
      timeout: await outcome(() => container.setInactivityTimeout(1000)),
      inspect: await outcome(() => container.inspect()),
    }),
    expected: {
      running: false,
      destroy: { resolved: "undefined" },
      timeout: { resolved: "undefined" },
      inspect: { resolved: null },
    },
  }),
  insideCase({
    title: "signals and ports that do not exist are refused",
    step: async (probe) => {
      await startApp(probe);
      const { container } = probe;
      return {
        signal0: await outcome(() => container.signal(0)),
        signal65: await outcome(() => container.signal(65)),
        port0: await outcome(() => typeof container.getTcpPort(0)),
        port65536: await outcome(() => typeof container.getTcpPort(65_536)),
        timeout0: await outcome(() => container.setInactivityTimeout(0)),
      };
    },
    expected: {
      signal0: { threw: { name: "RangeError", message: "Invalid signal number." } },
      signal65: { threw: { name: "RangeError", message: "Invalid signal number." } },
      port0: { threw: { name: "TypeError", message: "Invalid port number: 0" } },
      port65536: { threw: { name: "TypeError", message: "Invalid port number: 65536" } },
      timeout0: {
        rejected: {
          name: "TypeError",
          message: "setInactivityTimeout() cannot be called with a durationMs <= 0",
        },
      },
    },
  }),
  insideCase({
    title: "a container has the members of the platform that is not experimental",
    step: ({ container }) => ({
      there: MEMBERS.filter((name) => !(name in container)),
      absent: EXPERIMENTAL.filter((name) => name in container),
    }),
    expected: { there: [], absent: [] },
  }),
];

const MEMBERS = [
  "destroy",
  "exec",
  "getTcpPort",
  "images",
  "inspect",
  "interceptAllOutboundHttp",
  "interceptOutboundHttp",
  "interceptOutboundHttps",
  "monitor",
  "running",
  "setInactivityTimeout",
  "signal",
  "snapshotContainer",
  "start",
];

const EXPERIMENTAL = ["interceptOutboundTcp", "setLabels", "snapshotDirectory"];
