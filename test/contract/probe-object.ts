import { DurableObject } from "cloudflare:workers";
import { cases } from "./cases.ts";
import { APP_PORT } from "./container-app.ts";
import type { ContractCase, Observation, Probe } from "./contract-case.ts";

/** Which case the object serves: it must know before its first event. */
const CASE_KEY = "contract:case";
const CONSTRUCTIONS_KEY = "contract:constructions";

/** An object with a container and no library: it does the steps of one case. */
export class ProbeObject extends DurableObject {
  /** No method of the class: nobody may call it from outside. */
  readonly open = (): string => "open";
  readonly #probe: Probe;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const { container, storage } = ctx;
    if (container === undefined) throw new Error("Cannot probe: the object has no container");
    const constructions = storage.kv.get<number>(CONSTRUCTIONS_KEY) ?? 0;
    storage.kv.put(CONSTRUCTIONS_KEY, constructions + 1);
    this.#probe = { ctx, container, storage, notes: [], wasRunning: container.running };
    const title = storage.kv.get<string>(CASE_KEY);
    if (title !== undefined) void findCase(title).steps["construct"]?.(this.#probe, constructions);
  }

  /** Does a step; both ways as JSON. */
  async act(title: string, step: string, input: string): Promise<string> {
    this.ctx.storage.kv.put(CASE_KEY, title);
    const seen = await this.#do(step, JSON.parse(input) as Observation); // what the client made
    return JSON.stringify(seen);
  }

  /** Gives what no call can carry. */
  giveUncopiable(): object {
    return new Uncopiable();
  }

  override async fetch(request: Request): Promise<Response> {
    const answer = this.#case().fetch;
    if (answer !== undefined) return await answer(this.#probe, request);
    return await this.#probe.container.getTcpPort(APP_PORT).fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const { retryCount = 0, isRetry = false } = info ?? {};
    await this.#do("alarm", { retryCount, isRetry });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    socket.send(JSON.stringify(await this.#do("message", String(message))));
  }

  #case(): ContractCase {
    return findCase(this.ctx.storage.kv.get<string>(CASE_KEY) ?? "");
  }

  async #do(name: string, input: Observation): Promise<Observation> {
    const step = this.#case().steps[name] ?? sharedSteps[name];
    if (step === undefined) throw new Error(`Cannot do ${name}: the case has no such step`);
    return await step(this.#probe, input);
  }
}

class Uncopiable {
  readonly value = 1;
}

const sharedSteps: ContractCase["steps"] = {
  /** What became of the object and its container. */
  look: async ({ container, storage, wasRunning }) => ({
    constructions: storage.kv.get<number>(CONSTRUCTIONS_KEY) ?? 0,
    wasRunning,
    running: container.running,
  }),
  /** What steps noted since the object was made. */
  notes: ({ notes }) => notes,
};

function findCase(title: string): ContractCase {
  const found = cases.find((each) => each.title === title);
  if (found === undefined) throw new Error(`Cannot find the case ${title}`);
  return found;
}
