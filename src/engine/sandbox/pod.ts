import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { readAccountFiles } from "./account-files.ts";
import { AppExecs } from "./app-execs.ts";
import { resolveUser, type ContainerUser } from "./container-user.ts";
import type { ResourceGroup } from "./memory-control.ts";
import type { PodResources } from "./pod-resources.ts";
import { toProcessExit } from "./process-exit.ts";
import { PodEgress } from "./pod-egress.ts";
import { recordProcess } from "./state-directory.ts";
import type { PodNetwork } from "./network/internet.ts";
import { startPodHelper, type PodHelper } from "./pod-helper.ts";
import type {
  ExecSpec,
  LaunchSpec,
  Pod,
  PodOptions,
  ProcessExit,
  SandboxProcess,
} from "./sandbox.ts";
import { toSandboxProcess } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { Stage } from "./stage.ts";
import { makeMountPoints, makeWorkingDirectory } from "./working-directory.ts";

interface RunningApp {
  readonly stage: Stage;
  readonly execs: AppExecs;
  /** Settles when nothing of the app and of the commands beside it is left. */
  readonly exited: Promise<ProcessExit>;
}

/** What a {@link ProcessPod} is made of. */
export interface PodParts {
  readonly id: string;
  readonly directory: string;
  readonly resources: PodResources;
  readonly helper: PodHelper;
  readonly group: ResourceGroup;
  readonly egress: PodEgress;
}

/** A pod whose namespaces are held by a helper process. */
export class ProcessPod implements Pod {
  readonly id: string;
  readonly ingressPort: number;
  readonly #resources: PodResources;
  readonly #directory: string;
  readonly #helper: PodHelper;
  readonly #group: ResourceGroup;
  readonly #egress: PodEgress;
  readonly gone: Promise<void>;
  /** Settles once the pod has been closed. */
  readonly closed: Promise<void>;
  readonly #markClosed: () => void;
  #onRefusedPort: (port: number) => void = () => undefined;
  #isAlive = true;
  #stage: Promise<Stage> | undefined;
  #app: RunningApp | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: PodParts) {
    this.id = parts.id;
    this.ingressPort = parts.helper.ingressPort;
    this.#resources = parts.resources;
    this.#directory = parts.directory;
    this.#helper = parts.helper;
    this.#group = parts.group;
    this.#egress = parts.egress;
    this.gone = this.#helper.exited.then(() => {
      this.#isAlive = false;
    });
    let markClosed = (): void => undefined;
    this.closed = new Promise((resolve) => (markClosed = resolve));
    this.#markClosed = () => markClosed();
  }

  /** Starts the helper and prepares the first stage. */
  static async start(index: number, resources: PodResources): Promise<ProcessPod> {
    const id = `pod-${index}`;
    const directory = join(resources.podsDirectory, id);
    mkdirSync(directory, { recursive: true });
    const network = (): PodNetwork => ({ index, helperPid: helper.hostPid });
    const egress = new PodEgress(resources, network);
    const helper = await startPodHelper({
      privilege: resources.facts.privilege,
      compileCache: resources.compileCache,
      onMessage: (message, reply, handle) => {
        if (message.kind === "port-refused") pod.#onRefusedPort(message.port);
        else void egress.handle(message, reply, handle);
      },
    });
    recordProcess(directory, helper.hostPid);
    const group = resources.memory.openGroup(id);
    const pod = new ProcessPod({ id, directory, resources, helper, group, egress });
    try {
      await pod.#prepare();
      return pod;
    } catch (error) {
      await pod.close();
      throw error;
    }
  }

  /** Takes the wishes of who gets this pod, which may have been prepared before. */
  handOut({ onRefusedPort }: PodOptions): void {
    if (onRefusedPort !== undefined) this.#onRefusedPort = onRefusedPort;
  }

  /** Whether the helper still runs. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The helper's pid on the host: its namespaces are the pod's. */
  get helperPid(): number {
    return this.#helper.hostPid;
  }

  /** The pid on the host of the app's first process; `undefined` when none runs. */
  get appPid(): number | undefined {
    return this.#app?.stage.hostPid;
  }

  /** The way to the running app's root for this process; `undefined` when none runs. */
  get appRoot(): string | undefined {
    return this.#app?.stage.root;
  }

  /** Gives or takes the way to the internet, as `PUT /egress` does. */
  async setInternet(isEnabled: boolean): Promise<void> {
    const hasRoute = await this.#egress.setInternet(isEnabled);
    this.#helper.tell({ kind: "names", isEnabled: hasRoute });
  }

  async launch(spec: LaunchSpec): Promise<SandboxProcess> {
    this.#assertOpen();
    if (this.#app !== undefined)
      throw new SandboxError("APP_RUNNING", `Cannot launch in pod ${this.id}: its app still runs`);
    assertRunnable(spec);
    const user = resolveUser(spec.user, readAccountFiles(spec.rootfs, this.#resources.view));
    if (user.uid !== 0 && this.#resources.facts.privilege !== "root")
      this.#resources.log(
        `User ${spec.user ?? ""} is not set: without root, containers run as you`,
      );
    const stage = await this.#prepare();
    this.#stage = undefined;
    const app = this.#toRunningApp(stage, spec);
    this.#app = app;
    const { exited } = app;
    try {
      await this.#start(stage, spec, user);
    } catch (error) {
      stage.kill();
      await exited;
      throw error;
    }
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
    return app.execs.start(spec);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #prepare(): Promise<Stage> {
    this.#stage ??= Stage.prepare({
      resources: this.#resources,
      podDirectory: this.#directory,
      helperPid: this.#helper.hostPid,
      group: this.#group,
    });
    return this.#stage;
  }

  async #start(stage: Stage, spec: LaunchSpec, user: ContainerUser): Promise<void> {
    const { argv, env, cwd, rootfs, limits } = spec;
    this.#group.applyLimits(limits, stage.hostPid);
    makeMountPoints(rootfs, this.#resources.view);
    makeWorkingDirectory(rootfs, this.#resources.view, cwd);
    await stage.launch(rootfs, spec.hostname ?? this.id, { argv, env, cwd, user });
  }

  #toRunningApp(stage: Stage, app: LaunchSpec): RunningApp {
    const execs = new AppExecs({
      resources: this.#resources,
      group: this.#group,
      appPid: stage.hostPid,
      app,
    });
    const exited = stage.exited.then(async (exitCode) => {
      await execs.close();
      return this.#finish(stage, exitCode);
    });
    return { stage, execs, exited };
  }

  #finish(stage: Stage, exitCode: number): ProcessExit {
    if (this.#app?.stage === stage) this.#app = undefined;
    const exit = toProcessExit(exitCode, this.#group);
    this.#group.release();
    return exit;
  }

  async #close(): Promise<void> {
    const stage = await this.#stage?.catch(() => undefined);
    await this.#egress.close().catch(() => undefined); // Its link goes with the pod.
    this.#helper.kill();
    await Promise.all([this.#helper.exited, stage?.exited, this.#app?.exited]);
    await this.#group.close();
    rmSync(this.#directory, { recursive: true, force: true });
    this.#markClosed();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new SandboxError("POD_CLOSED", `Cannot use pod ${this.id}: it is closed`);
  }
}

/** Only what can be said to exec; the rest of a command is the container's matter. */
function assertRunnable({ argv, env, cwd, hostname = "" }: LaunchSpec): void {
  const words = [...argv, ...Object.entries(env).flat(), cwd, hostname];
  if (argv.length > 0 && !words.some((word) => word.includes("\0"))) return;
  throw new SandboxError(
    "LAUNCH_FAILED",
    argv.length === 0
      ? "Cannot start: no command; give the image a CMD or ENTRYPOINT"
      : `Cannot start ${argv[0] ?? ""}: a null character in an argument or variable`,
  );
}
