import { Container } from "../../src/index.ts";
import type { Instance, RunRecord } from "../../src/core/lifecycle/run-record.ts";
import type { FakeContainer } from "../../src/testing/fake-container.ts";
import { SimulatedInstance } from "../../src/testing/simulation/simulated-instance.ts";
import type { SimulatedObject } from "../../src/testing/simulation/simulated-object.ts";
import type { SimulatedStub } from "../../src/testing/simulation/simulated-stub.ts";
import type { TraceOption } from "../../src/testing/simulation/trace.ts";
import { World } from "../../src/testing/simulation/world.ts";
import { newReport, tally, type HourReport } from "./hour-report.ts";
import { SwarmApp } from "./swarm-app.ts";

/** What can be wrong with a box for a while. */
export type Mode =
  | "crashingBoot"
  | "deadBoot"
  | "slowBoot"
  | "full"
  | "rateLimited"
  | "brokenImage"
  | "throwingStart"
  | "throwingStop"
  | "throwingExpiry"
  | "deafDestroy";

/** A wait that ends by itself, or when the faults are healed. */
interface Patience {
  readonly signal: AbortSignal;
  readonly over: Promise<void>;
  readonly done: () => void;
}

/** One instance under a swarm, and what is known of it from outside. */
export class SwarmBox {
  readonly seed: number;
  readonly world: World;
  readonly app: SwarmApp;
  readonly container: FakeContainer;
  readonly host: SimulatedObject;
  readonly stub: SimulatedStub;
  readonly report: HourReport = newReport();
  readonly ran = new Set<unknown>();
  readonly #modes = new Map<Mode, number>();
  /** Boots that would never end; each is given a port by what is called. */
  readonly #deadBoots: (() => void)[] = [];
  readonly #patiences = new Set<() => void>();
  readonly #demands = new Set<string>();
  #demandedAtMs: number;

  constructor(seed: number, trace: TraceOption = false) {
    this.seed = seed;
    this.world = new World({ seed, trace });
    this.app = new SwarmApp(this.world);
    this.#demandedAtMs = this.world.nowMs;
    const objectClass = swarmClass(this);
    const instance = new SimulatedInstance(this.world, objectClass, {
      app: this.app.handle,
      ports: [8080],
      boot: () => this.#boot(),
      startError: () => this.#startError(),
      startMs: this.integer(0, 200),
      stopMs: this.integer(0, 5_000),
    });
    this.container = instance.container;
    this.host = instance.host;
    this.stub = instance.stub;
    const destroy = this.container.destroy.bind(this.container);
    this.container.destroy = async (error?: unknown) => {
      if (!this.is("deafDestroy")) await destroy(error);
    };
  }

  /** Whether it is so at this moment. */
  is(mode: Mode): boolean {
    return (this.#modes.get(mode) ?? 0) > this.world.nowMs;
  }

  /** A number from 0 to 1 of the world's. */
  random(): number {
    return this.world.random();
  }

  integer(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** Does something after a while. */
  later(delayMs: number, work: () => void): void {
    this.world.scheduler.at(this.world.nowMs + delayMs, work);
  }

  /** Has something be wrong for a while. */
  during(durationMs: number, mode: Mode): () => void {
    this.#modes.set(mode, this.world.nowMs + durationMs);
    return () => void this.#modes.delete(mode);
  }

  /** Has the app that runs listen, whatever keeps it from that. */
  openPort(): void {
    for (const open of this.#deadBoots.splice(0)) open();
    if (this.container.running) this.container.setPortOpen(8080, true);
  }

  evict(): void {
    this.host.end(lost(), "evicted by force");
  }

  evictWithLoss(): void {
    this.host.data.loseUnconfirmed();
    this.evict();
  }

  deploy(): void {
    const error = new Error("Durable Object reset because its code was updated.");
    this.host.end(Object.assign(error, { durableObjectReset: true, retryable: true }), "deployed");
  }

  /** Notes that somebody wants the container until the returned function is called. */
  demand(name: string): () => void {
    this.#demands.add(name);
    return () => {
      this.#demands.delete(name);
      this.#demandedAtMs = this.world.nowMs;
    };
  }

  /** Since when nobody has wanted the container; now while somebody does. */
  get demandedAtMs(): number {
    return this.#demands.size > 0 ? this.world.nowMs : this.#demandedAtMs;
  }

  /** Who has not got what it came for. */
  get demands(): readonly string[] {
    return [...this.#demands];
  }

  /** Waits no longer than this, and much less once the faults are healed. */
  patience(durationMs: number): Patience {
    const controller = new AbortController();
    const over = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#patiences.delete(leave);
      controller.abort(new Error("the client has left"));
      over.resolve();
    };
    this.#patiences.add(leave);
    this.later(durationMs, leave);
    return {
      signal: controller.signal,
      over: over.promise,
      done: () => void this.#patiences.delete(leave),
    };
  }

  /** Has every client leave who still waits. */
  endPatience(): void {
    for (const leave of [...this.#patiences]) leave();
  }

  /** The instance as it is written down. */
  get instance(): Instance | undefined {
    const record = this.host.data.values.get("__CF_CONTAINER_STATE") as RunRecord | undefined;
    return record?.berth as Instance | undefined;
  }

  violate(rule: string, detail: string): void {
    const atMs = this.world.nowMs;
    this.report.violations.push({ seed: this.seed, atMs, rule, detail });
  }

  countFault(name: string): void {
    this.host.note(`fault: ${name}`);
    tally(this.report.faults, name);
    tally(this.report.faultsByPhase, `${name} @ ${this.instance?.lifecycle.phase.kind ?? "none"}`);
  }

  async #boot(): Promise<void> {
    if (this.is("deadBoot")) return await new Promise<void>((open) => this.#deadBoots.push(open));
    const bootMs = this.is("slowBoot") ? this.integer(40_000, 150_000) : this.integer(20, 3_000);
    if (this.is("crashingBoot")) {
      const start = this.container.starts.length;
      this.later(this.integer(0, 2_000), () => {
        if (this.container.running && this.container.starts.length === start) {
          this.container.crash({ exitCode: 1 });
        }
      });
    }
    this.app.warmAtMs = this.world.nowMs + bootMs + this.integer(0, 1_000);
    await this.world.delay(bootMs);
  }

  #startError(): Error | undefined {
    if (this.is("full")) {
      return new Error("Maximum number of running container instances exceeded");
    }
    if (this.is("rateLimited")) return new Error("you are starting too many containers per second");
    return this.is("brokenImage") ? new Error("Container failed to start") : undefined;
  }
}

function lost(): Error {
  return Object.assign(new Error("Network connection lost."), { retryable: true });
}

/** A class whose settings and hooks are drawn by lot. */
function swarmClass(box: SwarmBox): new (ctx: never, env: never) => Container {
  const sleepAfter = box.integer(30, 600);
  const drain = box.integer(0, 30);
  const stopGrace = box.integer(1, 30);
  const requestTimeout = box.random() < 0.3 ? "30s" : undefined;
  const maxLifetime = box.random() < 0.2 ? "20m" : undefined;
  return class SwarmContainer extends Container {
    override defaultPort = 8080;
    override sleepAfter = sleepAfter;
    override drain = drain;
    override stopGrace = stopGrace;
    override idleStreamTimeout = "2m";
    override idleSocketTimeout = "3m";
    override startup = { bootTimeout: "3m" };

    constructor(ctx: never, env: never) {
      super(ctx, env);
      if (requestTimeout !== undefined) this.requestTimeout = requestTimeout;
      if (maxLifetime !== undefined) this.maxLifetime = maxLifetime;
    }

    override async onStart(): Promise<void> {
      if (box.is("throwingStart")) throw new Error("onStart failed");
    }

    override async onStop(): Promise<void> {
      if (box.is("throwingStop")) throw new Error("onStop failed");
    }

    override async onActivityExpired(): Promise<void> {
      if (box.is("throwingExpiry")) throw new Error("onActivityExpired failed");
      await super.onActivityExpired();
    }

    override onError(): void {}

    async task(payload: unknown): Promise<void> {
      box.ran.add(payload);
    }
  };
}
