import type { Readable, Writable } from "node:stream";

/** Makes and reclaims pods. One per engine. */
export interface Sandbox {
  /** What this host allows, found once. */
  readonly facts: SandboxFacts;
  /** Hands out the warm spare when there is one, and refills. */
  createPod(options: PodOptions): Promise<Pod>;
  /** Runs one command to its end in a private view without a pod's ingress (image builds: RUN). */
  run(spec: RunSpec): Promise<SandboxProcess>;
  /** Ends every process, mount, namespace, cgroup and socket it made. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the host allows. */
export interface SandboxFacts {
  /** `user-namespace` when the engine does not run as root. */
  readonly privilege: "root" | "user-namespace";
  /** The way a container reaches the internet; `none` when no tool for it is installed. */
  readonly internet: "nat" | "pasta" | "slirp4netns" | "none";
  /** What enforces memory limits. */
  readonly memoryLimit: "cgroup-v1" | "cgroup-v2" | "watcher";
}

/** Options of {@link Sandbox.createPod}. */
export interface PodOptions {
  /** For diagnostics. */
  readonly name: string;
  /** Told of a port that was asked for while nothing listened on it, at least once a port. */
  readonly onRefusedPort?: (port: number) => void;
}

/** A network namespace with its ingress gateway: the "sidecar" of Docker terms. Outlives its app. */
export interface Pod {
  /** Unique within the sandbox. */
  readonly id: string;
  /** On the host's 127.0.0.1: speaks CONNECT, PUT /egress, GET /ca. */
  readonly ingressPort: number;
  /** Starts the app, pid 1 of a fresh pid and mount namespace; one at a time. */
  launch(spec: LaunchSpec): Promise<SandboxProcess>;
  /** Starts a command in the launched app's namespaces; rejects when none runs. */
  exec(spec: ExecSpec): Promise<SandboxProcess>;
  /** Settles when the pod's processes are gone: by `close()`, or because its helper died. */
  readonly gone: Promise<void>;
  /** Kills all and gives everything back. */
  close(): Promise<void>;
}

/** A container's root file system. */
export interface RootfsSpec {
  /** `host`: the allow-list view of the host under the layers. */
  readonly base: "host" | "none";
  /** Directories, lowest first, laid over the base (overlayfs whiteouts honoured). */
  readonly layers: readonly string[];
  /** Receives all writes; kept by the caller: for commit, archive and image layers. */
  readonly writableDir: string;
  /** Directories that stand at places of their own; the places are made when missing. */
  readonly mounts?: readonly DirectoryMount[];
}

/** A directory of the host at a place inside a container. */
export interface DirectoryMount {
  readonly source: string;
  /** An absolute path inside. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** What {@link Pod.launch} starts. */
export interface LaunchSpec {
  /** Program and arguments; the program is looked up on the `PATH` of `env`. */
  readonly argv: readonly string[];
  /** Exactly this, nothing of the host. */
  readonly env: Readonly<Record<string, string>>;
  /** Made when missing, as Docker does. */
  readonly cwd: string;
  /** `name`, `uid`, `name:group` or `uid:gid` by the container's own files; root by default. */
  readonly user?: string;
  /** The host name inside. */
  readonly hostname?: string;
  /** The root file system. */
  readonly rootfs: RootfsSpec;
  /** Memory in bytes and number of virtual CPUs (the latter only with `enforceCpu`). */
  readonly limits: { readonly memoryBytes?: number; readonly vcpu?: number };
  /** For diagnostics only. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What {@link Sandbox.run} runs. */
export type RunSpec = LaunchSpec & { readonly network: "none" | "internet" };

/** What {@link Pod.exec} starts. */
export interface ExecSpec {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Exactly this. */
  readonly env: Readonly<Record<string, string>>;
  /** The app's `cwd` by default. */
  readonly cwd?: string;
  /** The app's user by default. */
  readonly user?: string;
  /** A pseudo-terminal of this size. */
  readonly tty?: TtySize;
}

/** A terminal's size in characters. */
export interface TtySize {
  /** Characters a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
}

/** A process inside a container. */
export interface SandboxProcess {
  /** As seen inside the container (what exec's Pid reports). */
  readonly pid: number;
  /** Ending it is end of file for the process. */
  readonly stdin: Writable;
  /** With a tty, carries all output. */
  readonly stdout: Readable;
  /** Empty with a tty. */
  readonly stderr: Readable;
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal to this process; an unhandled SIGTERM to pid 1 is ignored, as in Docker. */
  signal(signal: number): void;
  /** Sets the terminal's size; does nothing without a tty. */
  resize(columns: number, rows: number): Promise<void>;
}

/** How a process ended. */
export interface ProcessExit {
  /** 128 + N when killed by signal N. */
  readonly exitCode: number;
  /** Whether the memory limit killed it. */
  readonly isOutOfMemory: boolean;
}
