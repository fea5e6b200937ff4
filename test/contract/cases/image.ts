import { NO_LISTENER, startApp, untilAnswering } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation, type Probe } from "../contract-case.ts";
import { IMAGE } from "../image-name.ts";
import { outcome } from "../outcome.ts";

/** A start that the runtime cannot tell to be hopeless: only `monitor()` says so. */
async function startAndMonitor(
  { container }: Probe,
  options: ContainerStartupOptions,
): Promise<Observation> {
  const started = await outcome(() => container.start({ ...NO_LISTENER, ...options }));
  return [started, await outcome(() => container.monitor()), container.running];
}

const FAILED = {
  rejected: { name: "Error", message: "Container failed to start" },
};
const STARTED = { resolved: "undefined" };

export const imageCases: readonly ContractCase[] = [
  insideCase({
    title: "images is a plain object, empty where the configuration names none",
    step: ({ container }) => ({
      keys: Object.keys(container.images),
      isPlain: Object.getPrototypeOf(container.images) === Object.prototype,
    }),
    expected: { keys: [], isPlain: true },
  }),
  insideCase({
    title: "start() takes an image by its reference, and inspect() tells it",
    step: async (probe) => {
      probe.container.start({ enableInternet: false, image: IMAGE });
      await untilAnswering(probe);
      return (await probe.container.inspect())?.image ?? null;
    },
    expected: IMAGE,
  }),
  insideCase({
    title: "an image that is not there fails the start, by monitor() only",
    step: (probe) => startAndMonitor(probe, { image: "no-such-image:1" }),
    expected: [STARTED, FAILED, false],
    fake: { hasImage: (reference) => reference === IMAGE },
  }),
  insideCase({
    title: "a snapshot that is not there fails the start, by monitor() only",
    step: (probe) => startAndMonitor(probe, { containerSnapshot: { id: "no-such-snapshot" } }),
    expected: [STARTED, FAILED, false],
  }),
  insideCase({
    title: "start() refuses options that contradict each other, and starts nothing",
    step: async ({ container }) => {
      const start = (options: object): Promise<Observation> =>
        outcome(() => container.start(options as ContainerStartupOptions));
      const containerSnapshot = { id: "any" };
      return {
        both: await start({ enableInternet: false, image: "app", containerSnapshot }),
        empty: await start({ enableInternet: false, image: "" }),
        size: await start({ enableInternet: false, image: "app", instance: "giant" }),
        running: container.running,
      };
    },
    expected: {
      both: {
        threw: {
          name: "TypeError",
          message: "`image` and `containerSnapshot` are mutually exclusive.",
        },
      },
      empty: {
        threw: { name: "TypeError", message: "Container image reference cannot be empty." },
      },
      size: { threw: { name: "TypeError", message: "Invalid container instance type." } },
      running: false,
    },
  }),
  insideCase({
    title: "start() takes any numbers for a size, also those that no platform gives",
    step: async (probe) => {
      const instance = { vcpu: 99, memoryMib: 1, diskMb: 1 };
      probe.container.start({ enableInternet: false, image: IMAGE, instance });
      await untilAnswering(probe);
      return probe.container.running;
    },
    expected: true,
  }),
  insideCase({
    title: "a container may be snapshotted twice at once, and goes on",
    step: async (probe) => {
      await startApp(probe);
      const { container } = probe;
      const both = await Promise.all([
        container.snapshotContainer({}),
        container.snapshotContainer(),
      ]);
      const [one, other] = both;
      return {
        areTwo: one?.id !== other?.id,
        name: one?.name ?? "",
        running: container.running,
      };
    },
    expected: { areTwo: true, name: "", running: true },
  }),
  insideCase({
    title: "a snapshot of a container that was restored can be restored",
    step: async (probe) => {
      const { container } = probe;
      await startApp(probe);
      const first = await container.snapshotContainer({});
      await container.destroy();
      container.start({ enableInternet: false, containerSnapshot: first });
      await untilAnswering(probe);
      const second = await container.snapshotContainer({});
      await container.destroy();
      container.start({ enableInternet: false, containerSnapshot: { id: second.id } });
      await untilAnswering(probe);
      const info = await container.inspect();
      return info?.image === `workerd-container-snap-${second.id}`;
    },
    expected: true,
  }),
];
