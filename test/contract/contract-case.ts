import type { FakeContainerOptions } from "../../src/testing/fake-container.ts";

/** What is observed: plain data, without times, so that two runs can be compared. */
export type Observation =
  | null
  | boolean
  | number
  | string
  | readonly Observation[]
  | { readonly [name: string]: Observation };

/** One claim about the runtime, with what is done and what must be seen. */
export interface ContractCase {
  /** What it claims; no other case has the same. */
  readonly title: string;
  /** What the object does when the client calls for it, by name. */
  readonly steps: Readonly<Record<string, Step>>;
  /** How the object answers a request (default: the container does). */
  readonly fetch?: (probe: Probe, request: Request) => Response | Promise<Response>;
  /** What the client does, one after the other; between two phases the runtime is restarted. */
  readonly phases: readonly Phase[];
  /** What each phase must see. */
  readonly expected: readonly Observation[];
  /** The app's peculiarity, where the fake must be told what the real app does by itself. */
  readonly fake?: FakeContainerOptions;
}

/** Something the object does, with what the client sent along. */
export type Step = (probe: Probe, input: Observation) => Observation | Promise<Observation>;

/** Something the client does and sees. */
export type Phase = (client: ContractClient) => Promise<Observation>;

/** The object under test, as a step sees it. */
export interface Probe {
  readonly ctx: DurableObjectState;
  readonly container: NonNullable<DurableObjectState["container"]>;
  readonly storage: DurableObjectStorage;
  /** What steps left in memory: lost with the object. */
  readonly notes: Observation[];
  /** What `running` was as the object was made. */
  readonly wasRunning: boolean;
}

/** What calls the object: a Worker, in workerd or simulated. */
export interface ContractClient {
  /** Has the object do a step. */
  act(step: string, input?: Observation): Promise<Observation>;
  /** Sends a request to the object; the case's `fetch` answers, or else the container. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Calls a method of the object by its name. */
  call(method: string): Promise<unknown>;
  /** A client that calls by one stub; others make a new one for each call. */
  withOneStub(): ContractClient;
}

/** A case of one step, which sees all that is to be seen. */
export function insideCase(
  parts: Omit<ContractCase, "steps" | "phases" | "expected"> & {
    readonly step: Step;
    readonly expected: Observation;
  },
): ContractCase {
  const { step, expected, ...rest } = parts;
  const phase: Phase = (client) => client.act("step");
  return { ...rest, steps: { step }, phases: [phase], expected: [expected] };
}

/** A case of one phase, in which the client sees all that is to be seen. */
export function outsideCase(
  parts: Omit<ContractCase, "phases" | "expected"> & {
    readonly phase: Phase;
    readonly expected: Observation;
  },
): ContractCase {
  const { phase, expected, ...rest } = parts;
  return { ...rest, phases: [phase], expected: [expected] };
}
