import { PassThrough } from "node:stream";

import { createDeferred } from "../../../../src/engine/api/deferred.ts";
import type {
  ExecSpec,
  LaunchSpec,
  Pod,
  PodOptions,
  ProcessExit,
  Sandbox,
  SandboxProcess,
} from "../../../../src/engine/sandbox/sandbox.ts";

/** What a fake process does; by default it runs until it is killed. */
export type FakeProgram = (process: FakeProcess, spec: LaunchSpec | ExecSpec) => void;

/** A process without a process: its program plays it. */
export class FakeProcess implements SandboxProcess {
  readonly pid: number;
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: number[] = [];
  readonly sizes: [columns: number, rows: number][] = [];
  readonly #exited = createDeferred<ProcessExit>();
  readonly exited = this.#exited.promise;

  constructor(pid: number) {
    this.pid = pid;
  }

  exit(exitCode: number, isOutOfMemory = false): void {
    this.stdout.end();
    this.stderr.end();
    this.#exited.resolve({ exitCode, isOutOfMemory });
  }

  /** As pid 1 without handlers: only SIGKILL ends it. */
  signal(signal: number): void {
    this.signals.push(signal);
    if (signal === 9) this.exit(137);
  }

  resize(columns: number, rows: number): Promise<void> {
    this.sizes.push([columns, rows]);
    return Promise.resolve();
  }
}

export class FakePod implements Pod {
  readonly id: string;
  readonly ingressPort: number;
  readonly launched: {
    readonly spec: LaunchSpec;
    readonly process: FakeProcess;
  }[] = [];
  readonly execs: { readonly spec: ExecSpec; readonly process: FakeProcess }[] = [];
  isClosed = false;
  readonly #gone = createDeferred<void>();
  readonly gone = this.#gone.promise;
  readonly #programs: ReadonlyMap<string, FakeProgram>;

  constructor(number: number, programs: ReadonlyMap<string, FakeProgram>) {
    this.id = `pod-${number}`;
    this.ingressPort = 30_000 + number;
    this.#programs = programs;
  }

  launch(spec: LaunchSpec): Promise<SandboxProcess> {
    if (spec.argv[0] === "/missing") return Promise.reject(new Error("/missing: not found"));
    const process = new FakeProcess(1);
    this.launched.push({ spec, process });
    this.#run(process, spec);
    return Promise.resolve(process);
  }

  exec(spec: ExecSpec): Promise<SandboxProcess> {
    const process = new FakeProcess(100 + this.execs.length);
    this.execs.push({ spec, process });
    this.#run(process, spec);
    return Promise.resolve(process);
  }

  /** Ends as when the helper of a real pod is killed. */
  die(): void {
    for (const { process } of this.launched) process.exit(137);
    this.#gone.resolve();
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#gone.resolve();
    for (const { process } of this.launched) process.exit(137);
    return Promise.resolve();
  }

  #run(process: FakeProcess, spec: LaunchSpec | ExecSpec): void {
    const program = this.#programs.get(spec.argv[0] ?? "");
    if (program !== undefined) setImmediate(() => program(process, spec));
  }
}

/** A sandbox whose processes are played by functions, by the name of the program. */
export class FakeSandbox implements Sandbox {
  readonly facts = {
    privilege: "root",
    internet: "none",
    memoryLimit: "watcher",
  } as const;
  readonly pods: FakePod[] = [];
  readonly podOptions: PodOptions[] = [];
  readonly #programs: ReadonlyMap<string, FakeProgram>;

  constructor(programs: Readonly<Record<string, FakeProgram>> = {}) {
    this.#programs = new Map(Object.entries(programs));
  }

  createPod(options: PodOptions): Promise<FakePod> {
    const pod = new FakePod(this.pods.length + 1, this.#programs);
    this.pods.push(pod);
    this.podOptions.push(options);
    return Promise.resolve(pod);
  }

  run(): Promise<SandboxProcess> {
    const process = new FakeProcess(1);
    process.exit(0);
    return Promise.resolve(process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.pods.map((pod) => pod.close()));
  }
}
