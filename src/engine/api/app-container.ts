import { mkdir } from "node:fs/promises";

import type { Image } from "../../images/image-store.ts";
import { EngineError } from "../engine-error.ts";
import type { LaunchSpec, Pod, RootfsSpec, SandboxProcess } from "../sandbox/sandbox.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import { isLive } from "./container-state.ts";
import type { CreateBody } from "./create-body.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { ContainerIdentity } from "./gateway-container.ts";

const SIGKILL = 9;

/** What an app needs of the engine. */
export interface AppHost {
  /** Finds the running pod that the app's network mode names, or throws. */
  findPod(): Pod;
  /** Told of a started process, before it can have written anything that is lost. */
  onStarted(process: SandboxProcess): void;
  /** Told when a run is over. */
  onExited(exitCode: number, isOutOfMemory: boolean): void;
  /** Deletes the writable directory, now or in the background. */
  discard(directory: string): void;
}

/** The user's container: a process in the pod of its gateway. */
export class AppContainer implements EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  readonly imageId: string;
  /** The ports that the image EXPOSEs. */
  readonly exposedPorts: readonly number[];
  readonly spec: LaunchSpec;
  readonly createdAtMs = Date.now();
  readonly lifecycle = new ContainerLifecycle();
  readonly ingressPort = undefined;
  readonly #host: AppHost;
  #starting: Promise<SandboxProcess> | undefined;
  #process: SandboxProcess | undefined;
  #pod: Pod | undefined;

  constructor(
    identity: ContainerIdentity & { readonly image: Image },
    spec: LaunchSpec,
    host: AppHost,
  ) {
    this.id = identity.id;
    this.name = identity.name;
    this.body = identity.body;
    this.imageId = identity.image.id;
    this.exposedPorts = identity.image.config.exposedPorts;
    this.spec = spec;
    this.#host = host;
  }

  get argv(): readonly string[] {
    return this.spec.argv;
  }

  get rootfs(): RootfsSpec {
    return this.spec.rootfs;
  }

  get pod(): Pod | undefined {
    return this.#pod;
  }

  async start(): Promise<"started" | "already-running"> {
    if (isLive(this.lifecycle.state)) return "already-running";
    const pod = this.#host.findPod();
    this.lifecycle.apply({ kind: "start" });
    try {
      this.#starting = this.#launch(pod);
      this.#follow(await this.#starting, pod);
    } catch (cause) {
      this.lifecycle.apply({ kind: "start-failed" });
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `Cannot start container ${this.name}: ${reason}; check its image and command`;
      throw new EngineError("LAUNCH_FAILED", text, { cause });
    }
    return "started";
  }

  signal(signal: number): void {
    this.#process?.signal(signal);
  }

  async remove(): Promise<void> {
    this.lifecycle.apply({ kind: "remove" });
    await this.#starting?.catch(() => undefined); // a failed start was told to who asked for it
    this.signal(SIGKILL);
    await this.#process?.exited;
    this.#host.discard(this.rootfs.writableDir);
    this.lifecycle.finishRemoval();
  }

  async #launch(pod: Pod): Promise<SandboxProcess> {
    await mkdir(this.rootfs.writableDir, { recursive: true });
    return pod.launch(this.spec);
  }

  #follow(process: SandboxProcess, pod: Pod): void {
    const startedAtMs = Date.now();
    this.#process = process;
    this.#pod = pod;
    this.lifecycle.apply({
      kind: "started",
      pid: process.pid,
      atMs: startedAtMs,
    });
    this.#host.onStarted(process);
    void process.exited.then((exit) => {
      this.#process = undefined;
      this.#pod = undefined;
      this.lifecycle.apply({
        kind: "exited",
        ...exit,
        startedAtMs,
        atMs: Date.now(),
      });
      this.#host.onExited(exit.exitCode, exit.isOutOfMemory);
    });
  }
}
