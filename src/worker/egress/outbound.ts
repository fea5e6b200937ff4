import type { EgressPolicy } from "../../core/egress/egress-rules.ts";
import { planInterception, type InterceptionPlan } from "../../core/egress/plan-interception.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { ObjectStorage, StartStep } from "../../ports/platform.ts";
import { answerOutbound } from "./answer-outbound.ts";
import { checkInterception, intercept } from "./interception.ts";
import { rememberClass } from "./known-classes.ts";
import { readOutboundClass, type OutboundStatics } from "./outbound-class.ts";
import { OutboundStore } from "./outbound-store.ts";
import type { OutboundConfig, ProxyProps } from "./proxy-props.ts";
import { readRules } from "./read-rules.ts";
import { exportNameOf, proxyFactory, type WorkerExports } from "./worker-exports.ts";

/** The fields of a container class that say where its container may go. */
export interface EgressFields {
  readonly egress?: EgressPolicy;
  readonly allowedHosts?: readonly string[];
  readonly deniedHosts?: readonly string[];
  readonly interceptHttps?: boolean;
}

/** What egress stands on. */
export interface OutboundGround {
  readonly object: EgressFields;
  /** Whether the container is to reach the internet, rules aside. */
  readonly isInternetWanted: () => boolean;
  readonly env: Cloudflare.Env;
  readonly id: string;
  readonly exports: WorkerExports | undefined;
  readonly runtime: ContainerRuntime;
  readonly storage: ObjectStorage;
  /** Hands an error to `onError`. */
  readonly report: (error: unknown) => void;
}

/** What is read of the class and of the store, once it is known to make sense. */
interface Plan {
  readonly props: ProxyProps;
  readonly interception: InterceptionPlan;
}

/** Where the container of one object may go, and who takes its requests. */
export class Outbound implements StartStep {
  readonly store: OutboundStore;
  readonly #ground: OutboundGround;
  #lastInstall: Promise<void> = Promise.resolve();
  /** The run that was prepared, and the rules that are in force for it. */
  #ready = "";

  constructor(ground: OutboundGround) {
    this.#ground = ground;
    this.store = new OutboundStore(ground.storage);
  }

  /** The class of the object, with its handlers. */
  get statics(): OutboundStatics {
    return this.#ground.object.constructor as unknown as OutboundStatics;
  }

  /** The lists in force: those set at runtime win over the class's. */
  get lists(): Pick<OutboundConfig, "allowedHosts" | "deniedHosts"> {
    const { allowedHosts, deniedHosts } = this.store.current;
    const { object } = this.#ground;
    return {
      allowedHosts: allowedHosts ?? object.allowedHosts,
      deniedHosts: deniedHosts ?? object.deniedHosts,
    };
  }

  /** Whether anything is to be intercepted. */
  get isUsed(): boolean {
    const { outbound, outboundProxy, outboundByHost } = this.statics;
    return (
      this.#isGuarded ||
      outbound !== undefined ||
      outboundProxy !== undefined ||
      outboundByHost !== undefined ||
      this.#hasOverrides ||
      this.store.current.isAllIntercepted
    );
  }

  /**
   * Whether the container gets to the internet only through our hands: what is denied by default
   * must not leave by another protocol.
   */
  get isClosed(): boolean {
    return this.lists.allowedHosts !== undefined || this.#ground.object.egress?.default === "deny";
  }

  /**
   * Checks that the rules make sense and can be applied.
   *
   * @throws {ContainerError} `INVALID_CONFIG`
   */
  check(): void {
    if (this.isUsed) this.#plan();
  }

  /**
   * Takes up what an earlier life of the object, or an earlier version of its class, has left. What
   * is wrong is told to `onError`, and again to whoever starts the container.
   */
  async resume(): Promise<void> {
    if (!this.isUsed) return;
    try {
      const { exportName } = this.#plan().props;
      if (exportName !== undefined) rememberClass(exportName, this.statics);
      if (this.#ground.runtime.running) await this.install();
    } catch (error) {
      this.#ground.report(error);
    }
  }

  /** Whether the rules are in force for a run that is about to begin. */
  isReady(run: number): boolean {
    return !this.isUsed || this.#ready === this.#stateFor(run);
  }

  /** @throws {ContainerError} as `install()` does */
  async prepare(run: number): Promise<void> {
    const state = this.#stateFor(run);
    await this.install();
    this.#ready = state;
  }

  /**
   * Has the runtime apply the rules as they are now, after those before. Resolves when they hold.
   *
   * @throws {ContainerError} `INVALID_CONFIG`, or `EGRESS_FAILED` when the runtime does not
   */
  async install(): Promise<void> {
    const before = this.#lastInstall;
    const done = before.catch(() => {}).then(() => this.#install());
    this.#lastInstall = done;
    await done;
  }

  /** Changes what is set at runtime; a container that runs obeys from then on. */
  async change(changes: Partial<OutboundConfig>): Promise<void> {
    const before = this.store.current;
    this.store.change(changes);
    try {
      await this.install();
    } catch (error) {
      const isOurs = error instanceof ContainerError && error.code === "INVALID_CONFIG";
      if (isOurs) this.store.change(before); // what makes no sense is not kept
      throw error;
    }
  }

  /** Answers a request of the container in the object itself. */
  async answer(request: Request): Promise<Response> {
    const { statics } = this;
    return await answerOutbound(request, {
      statics,
      props: this.#plan().props,
      env: this.#ground.env,
    });
  }

  async #install(): Promise<void> {
    if (!this.isUsed) return;
    const { props, interception } = this.#plan();
    const { runtime, exports } = this.#ground;
    const proxy = proxyFactory(exports)({ props });
    if (props.exportName !== undefined) rememberClass(props.exportName, this.statics);
    if (interception.http === "all" && !this.store.current.isAllIntercepted) {
      this.store.change({ isAllIntercepted: true });
    }
    try {
      await intercept(runtime, interception, proxy);
    } catch (error) {
      throw new ContainerError(
        "EGRESS_FAILED",
        `Cannot apply the egress rules of ${props.className}: the runtime refused them, so the container is not started`,
        { cause: error },
      );
    }
  }

  #plan(): Plan {
    const { exports, runtime } = this.#ground;
    const { statics } = this;
    const props = this.#props();
    const handlers = readOutboundClass(statics);
    const { handled, hasHandler } = readRules(props, handlers);
    proxyFactory(exports);
    const { isAllIntercepted } = this.store.current;
    const interception = planInterception({
      handled,
      seesAll: isAllIntercepted || this.#isGuarded || this.#hasOverrides || hasHandler,
      isHttpsSeen: this.#isHttpsSeen,
    });
    this.#checkReach();
    checkInterception(runtime, interception);
    return { props, interception };
  }

  #stateFor(run: number): string {
    return JSON.stringify([run, this.#props()]);
  }

  #props(): ProxyProps {
    const { object, exports, id, isInternetWanted } = this.#ground;
    const { overridesByHost, override } = this.store.current;
    const { allowedHosts, deniedHosts } = this.lists;
    return {
      containerId: id,
      className: this.statics.name,
      exportName: exportNameOf(exports, id),
      overridesByHost,
      override,
      allowedHosts: listOf(allowedHosts),
      deniedHosts: listOf(deniedHosts),
      egress: object.egress,
      isInternetEnabled: isInternetWanted(),
    };
  }

  /** Rules that HTTPS walks past are none. */
  #checkReach(): void {
    const { object, isInternetWanted } = this.#ground;
    if (this.#isHttpsSeen || !this.#isGuarded || this.isClosed || !isInternetWanted()) return;
    throw new ContainerError(
      "INVALID_CONFIG",
      `Cannot apply the egress rules of ${this.statics.name}: interceptHttps is ${object.interceptHttps}, so HTTPS would pass them; remove it, or set enableInternet = false`,
    );
  }

  /** Whether rules, and not only handlers, are in force. */
  get #isGuarded(): boolean {
    const { allowedHosts, deniedHosts } = this.lists;
    return [allowedHosts, deniedHosts, this.#ground.object.egress].some((one) => one !== undefined);
  }

  get #isHttpsSeen(): boolean {
    return this.#ground.object.interceptHttps ?? this.#isGuarded;
  }

  get #hasOverrides(): boolean {
    const { overridesByHost, override } = this.store.current;
    return override !== undefined || Object.keys(overridesByHost).length > 0;
  }
}

/** A copy, which crosses to the proxy; what is no list is told by whoever parses it. */
function listOf(hosts: readonly string[] | undefined): readonly string[] | undefined {
  return Array.isArray(hosts) ? [...(hosts as readonly string[])] : hosts;
}
