import { env } from "cloudflare:test";
import { planBox, type Box, type BoxPlan, type BoxRecord } from "./worker.ts";

/** One instance under test. */
export interface TestBox extends BoxRecord {
  readonly stub: DurableObjectStub<Box>;
  readonly id: DurableObjectId;
  /** Sends a request as a Worker would. */
  get(path?: string, init?: RequestInit): Promise<Response>;
}

/** Makes an instance of its own for a test. */
export function createBox(plan: BoxPlan = {}): TestBox {
  const id = env.BOX.newUniqueId();
  const record = planBox(id, plan);
  const stub = env.BOX.get(id);
  const get = (path = "/", init: RequestInit = {}): Promise<Response> =>
    stub.fetch(new Request(`http://box${path}`, init));
  return { ...record, stub, id, get };
}

/** Waits until `check` holds, for what no promise tells. */
export async function until(check: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!check()) {
    if (Date.now() > deadlineMs) throw new Error(`Not so after ${timeoutMs} ms: ${String(check)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
