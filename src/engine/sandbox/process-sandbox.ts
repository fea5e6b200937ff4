import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";

import { Limiter } from "./limiter.ts";
import { ProcessPod } from "./pod.ts";
import type { PodResources } from "./pod-resources.ts";
import type { Pod, PodOptions, RunSpec, Sandbox, SandboxFacts, SandboxProcess } from "./sandbox.ts";
import { SandboxError } from "./sandbox-error.ts";

// A new spare competes with the app that was just given the last one: it waits until that has started.
const refillDelayMs = 400;

/** Pods of plain processes, with some prepared ahead of need. */
export class ProcessSandbox implements Sandbox {
  readonly facts: SandboxFacts;
  readonly #resources: PodResources;
  readonly #warmPods: number;
  readonly #stateDirectory: string;
  readonly #limiter = new Limiter(Math.max(2, availableParallelism()));
  readonly #pods = new Set<Promise<ProcessPod>>();
  readonly #spares: Promise<ProcessPod>[] = [];
  #lastIndex = 0;
  #refillTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(resources: PodResources, options: { warmPods: number; stateDirectory: string }) {
    this.facts = resources.facts;
    this.#resources = resources;
    this.#warmPods = options.warmPods;
    this.#stateDirectory = options.stateDirectory;
    this.#refill();
  }

  async createPod(options: PodOptions): Promise<Pod> {
    const pod = await this.#takePod();
    pod.handOut(options);
    return pod;
  }

  async run(spec: RunSpec): Promise<SandboxProcess> {
    const pod = await this.#takePod();
    try {
      if (spec.network === "internet") await pod.setInternet(true);
      const app = await pod.launch(spec);
      const exited = app.exited.then(async (exit) => {
        await pod.close();
        return exit;
      });
      return { ...app, exited };
    } catch (error) {
      await pod.close();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #takePod(): Promise<ProcessPod> {
    if (this.#closing !== undefined)
      throw new SandboxError("POD_CLOSED", "Cannot make a pod: the sandbox is disposed");
    const spare = await this.#spares.shift()?.catch(() => undefined);
    this.#scheduleRefill();
    return spare?.isAlive === true ? spare : this.#startPod();
  }

  #startPod(): Promise<ProcessPod> {
    const index = (this.#lastIndex += 1);
    const pod = this.#limiter.run(() => ProcessPod.start(index, this.#resources));
    this.#pods.add(pod);
    void pod.then(
      (started) => started.closed.then(() => this.#pods.delete(pod)),
      () => this.#pods.delete(pod),
    );
    return pod;
  }

  #scheduleRefill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = setTimeout(() => this.#refill(), refillDelayMs).unref();
  }

  #refill(): void {
    while (this.#closing === undefined && this.#spares.length < this.#warmPods) {
      const spare = this.#startPod();
      spare.catch((error: unknown) => this.#resources.log(`No warm spare: ${String(error)}`));
      this.#spares.push(spare);
    }
  }

  async #close(): Promise<void> {
    clearTimeout(this.#refillTimer);
    const pods = await Promise.allSettled(this.#pods);
    const started = pods.flatMap((pod) => (pod.status === "fulfilled" ? [pod.value] : []));
    await Promise.all(started.map((pod) => pod.close()));
    await this.#resources.internet.close();
    rmSync(this.#stateDirectory, { recursive: true, force: true });
  }
}
