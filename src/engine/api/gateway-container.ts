import { EngineError } from "../engine-error.ts";
import type { Pod, Sandbox } from "../sandbox/sandbox.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import { isLive } from "./container-state.ts";
import type { CreateBody } from "./create-body.ts";
import type { EngineContainer } from "./engine-container.ts";
import { GATEWAY_IMAGE_ID } from "./gateway-image.ts";

/** What names a container. */
export interface ContainerIdentity {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** What it was created from. */
  readonly body: CreateBody;
}

/** The "sidecar": workerd creates it from the egress interceptor's image; here it is a pod. */
export class GatewayContainer implements EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  readonly imageId = GATEWAY_IMAGE_ID;
  readonly createdAtMs = Date.now();
  readonly lifecycle = new ContainerLifecycle();
  readonly rootfs = undefined;
  readonly #sandbox: Sandbox;
  readonly #onRefusedPort: (port: number) => void;
  #opening: Promise<Pod> | undefined;
  #pod: Pod | undefined;
  #startedAtMs = 0;

  constructor(
    identity: ContainerIdentity,
    sandbox: Sandbox,
    onRefusedPort: (port: number) => void,
  ) {
    this.id = identity.id;
    this.name = identity.name;
    this.body = identity.body;
    this.#sandbox = sandbox;
    this.#onRefusedPort = onRefusedPort;
  }

  get argv(): readonly string[] {
    return ["/gateway", ...(this.body.cmd ?? [])];
  }

  get pod(): Pod | undefined {
    return this.#pod;
  }

  get ingressPort(): number | undefined {
    return this.#pod?.ingressPort;
  }

  async start(): Promise<"started" | "already-running"> {
    if (isLive(this.lifecycle.state)) {
      await this.#opening;
      return "already-running";
    }
    this.lifecycle.apply({ kind: "start" });
    try {
      this.#opening = this.#sandbox.createPod({
        name: this.name,
        onRefusedPort: this.#onRefusedPort,
      });
      this.#pod = await this.#opening;
    } catch (cause) {
      this.lifecycle.apply({ kind: "start-failed" });
      const text = `Cannot open the network of ${this.name}: ${String(cause)}; see its cause`;
      throw new EngineError("ENGINE_FAILED", text, { cause });
    }
    this.#follow(this.#pod);
    this.#startedAtMs = Date.now();
    this.lifecycle.apply({ kind: "started", pid: process.pid, atMs: this.#startedAtMs });
    return "started";
  }

  signal(signal: number): void {
    void this.#close(128 + signal);
  }

  async remove(): Promise<void> {
    this.lifecycle.apply({ kind: "remove" });
    await this.#opening?.catch(() => undefined); // a failed start was told to who asked for it
    await this.#close(137);
    this.lifecycle.finishRemoval();
  }

  #follow(pod: Pod): void {
    void pod.gone.then(() => {
      if (this.#pod === pod) void this.#close(137);
    });
  }

  async #close(exitCode: number): Promise<void> {
    const pod = this.#pod;
    this.#pod = undefined;
    this.#opening = undefined;
    if (pod === undefined) return;
    const startedAtMs = this.#startedAtMs;
    const exit = { exitCode, isOutOfMemory: false, startedAtMs, atMs: Date.now() };
    this.lifecycle.apply({ kind: "exited", ...exit });
    await pod.close();
  }
}
