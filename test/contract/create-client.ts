import type { ContractClient, Observation } from "./contract-case.ts";

/** A stub of the object under test. */
export interface ProbeStub {
  act(title: string, step: string, input: string): Promise<string>;
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/** What a case's phases call the object by; `connect` gives a new stub. */
export function createClient(connect: () => ProbeStub, title: string): ContractClient {
  return {
    async act(step, input = null) {
      const seen = await connect().act(title, step, JSON.stringify(input));
      return JSON.parse(seen) as Observation; // what act() made
    },
    fetch: (path, init) => connect().fetch(`http://probe${path}`, init),
    async call(method) {
      const stub = connect();
      const member: unknown = Reflect.get(stub, method);
      if (typeof member !== "function") throw new TypeError(`No function: ${method}`);
      return await (Reflect.apply(member, stub, []) as unknown);
    },
    withOneStub() {
      const stub = connect();
      return createClient(() => stub, title);
    },
  };
}
