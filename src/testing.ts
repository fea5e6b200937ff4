export { FakeClock } from "./testing/fake-clock.ts";
export { FakeContainer, type FakeContainerOptions } from "./testing/fake-container.ts";
export type { FakeOutput } from "./testing/fake-output.ts";
export type { FakeExec, FakeExecContext, FakeExecResult } from "./testing/fake-exec.ts";
export { fakeContainers, type FakeContainers } from "./testing/fake-containers.ts";
export { FakeEgress, type FakeInternet } from "./testing/fake-egress.ts";
export { FakeFaults } from "./testing/fake-faults.ts";
export { FakeSnapshots } from "./testing/fake-snapshots.ts";
export type { FakeConnection, FakeTcpServer } from "./testing/fake-socket.ts";
export type { FakeApp, FakeAppContext } from "./testing/fake-port.ts";
export { installContainer } from "./testing/install-container.ts";
export {
  createWorld,
  SimulatedWorld,
  type SimulatedNamespace,
} from "./testing/simulation/create-world.ts";
export type { SimulatedFault } from "./testing/simulation/fault.ts";
export type { Pending } from "./testing/simulation/pending.ts";
export { simulate, type SimulationOptions } from "./testing/simulation/simulate.ts";
export {
  SimulatedInstance,
  type Bill,
  type InstanceOptions,
} from "./testing/simulation/simulated-instance.ts";
export type { HookCall } from "./testing/simulation/watch-hooks.ts";
export type { Latencies, WorldOptions } from "./testing/simulation/world.ts";
export { simulation } from "./testing/simulation/simulation-plugin.ts";
export { systemClock } from "./testing/system-clock.ts";
export type { Clock, TimerId } from "./ports/clock.ts";
export type { ContainerRuntime } from "./ports/container-runtime.ts";
