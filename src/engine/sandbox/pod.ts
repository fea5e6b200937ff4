import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { MessageFromPod, MessageToPod } from "../pod/pod-message.ts";
import { readAccountFiles } from "./account-files.ts";
import { resolveUser } from "./container-user.ts";
import { startExec } from "./exec.ts";
import type { ResourceGroup } from "./memory-control.ts";
import type { PodResources } from "./pod-resources.ts";
import { startPodHelper, type PodHelper } from "./pod-helper.ts";
import type { ExecSpec, LaunchSpec, Pod, ProcessExit, SandboxProcess } from "./sandbox.ts";
import { toSandboxProcess } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { Stage } from "./stage.ts";

interface RunningApp {
  readonly stage: Stage;
  readonly spec: LaunchSpec;
}

/** A pod whose namespaces are held by a helper process. */
export class ProcessPod implements Pod {
  readonly id: string;
  readonly ingressPort: number;
  readonly #resources: PodResources;
  readonly #directory: string;
  readonly #helper: PodHelper;
  readonly #group: ResourceGroup;
  #stage: Promise<Stage> | undefined;
  #app: RunningApp | undefined;
  #closing: Promise<void> | undefined;

  constructor(id: string, resources: PodResources, helper: PodHelper, group: ResourceGroup) {
    this.id = id;
    this.ingressPort = helper.ingressPort;
    this.#resources = resources;
    this.#directory = join(resources.podsDirectory, id);
    this.#helper = helper;
    this.#group = group;
  }

  /** Starts the helper and prepares the first stage. */
  static async start(id: string, resources: PodResources): Promise<ProcessPod> {
    mkdirSync(join(resources.podsDirectory, id), { recursive: true });
    const helper = await startPodHelper(resources.facts.privilege, {
      onMessage: (message, reply) => handleMessage(message, reply),
    });
    const pod = new ProcessPod(id, resources, helper, resources.memory.openGroup(id));
    try {
      await pod.#prepare();
      return pod;
    } catch (error) {
      await pod.close();
      throw error;
    }
  }

  async launch(spec: LaunchSpec): Promise<SandboxProcess> {
    this.#assertOpen();
    if (this.#app !== undefined)
      throw new SandboxError("APP_RUNNING", `Cannot launch in pod ${this.id}: its app still runs`);
    const user = resolveUser(spec.user, readAccountFiles(spec.rootfs, this.#resources.view));
    const stage = await this.#prepare();
    this.#stage = undefined;
    const app = { stage, spec };
    this.#app = app;
    const exited = stage.exited.then((exitCode) => this.#finish(app, exitCode));
    this.#group.applyLimits(spec.limits, stage.hostPid);
    const { argv, env, cwd, rootfs } = spec;
    await stage.launch(rootfs, spec.hostname ?? this.id, { argv, env, cwd, user });
    return toSandboxProcess({
      exited,
      streams: stage.streams,
      hostPid: stage.hostPid,
      pid: 1,
      resize: () => Promise.resolve(),
    });
  }

  async exec(spec: ExecSpec): Promise<SandboxProcess> {
    this.#assertOpen();
    const app = this.#app;
    if (app === undefined)
      throw new SandboxError("APP_NOT_RUNNING", `Cannot exec in pod ${this.id}: no app runs`);
    return startExec(spec, {
      resources: this.#resources,
      group: this.#group,
      appPid: app.stage.hostPid,
      app: app.spec,
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #prepare(): Promise<Stage> {
    const { podsDirectory } = this.#resources;
    this.#stage ??= Stage.prepare({
      resources: this.#resources,
      podDirectory: join(podsDirectory, this.id),
      helperPid: this.#helper.hostPid,
      group: this.#group,
    });
    return this.#stage;
  }

  #finish(app: RunningApp, exitCode: number): ProcessExit {
    if (this.#app === app) this.#app = undefined;
    const isOutOfMemory = this.#group.hasKilled();
    this.#group.release();
    return { exitCode, isOutOfMemory };
  }

  async #close(): Promise<void> {
    const stage = await this.#stage?.catch(() => undefined);
    this.#helper.kill();
    await Promise.all([this.#helper.exited, stage?.exited, this.#app?.stage.exited]);
    await this.#group.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new SandboxError("POD_CLOSED", `Cannot use pod ${this.id}: it is closed`);
  }
}

function handleMessage(message: MessageFromPod, reply: (answer: MessageToPod) => void): void {
  if (message.kind === "egress") reply({ kind: "egress-applied", id: message.id });
  if (message.kind === "dns-query") reply({ kind: "dns-answer", id: message.id });
}
