export { FakeClock } from "./testing/fake-clock.ts";
export { FakeContainer, type FakeContainerOptions } from "./testing/fake-container.ts";
export type { FakeApp, FakeAppContext } from "./testing/fake-port.ts";
export { installContainer } from "./testing/install-container.ts";
export { simulate, SimulatedInstance } from "./testing/simulation/simulate.ts";
export { simulation } from "./testing/simulation/simulation-plugin.ts";
export { systemClock } from "./testing/system-clock.ts";
export type { Clock, TimerId } from "./ports/clock.ts";
export type { ContainerRuntime } from "./ports/container-runtime.ts";
