import type { Pod, RootfsSpec } from "../sandbox/sandbox.ts";
import type { ContainerLifecycle } from "./container-lifecycle.ts";
import type { CreateBody } from "./create-body.ts";

/** A container of either kind, as the API sees it. */
export interface EngineContainer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** What it was created from. */
  readonly body: CreateBody;
  /** The image's id. */
  readonly imageId: string;
  /** When it was created. */
  readonly createdAtMs: number;
  /** Its state. */
  readonly lifecycle: ContainerLifecycle;
  /** The command line, for listings. */
  readonly argv: readonly string[];
  /** Where the gateway listens on the host; undefined for an app or while it is not running. */
  readonly ingressPort: number | undefined;
  /** The gateway's pod while it runs; of an app, the pod that it runs in. */
  readonly pod: Pod | undefined;
  /** The app's file system; a gateway has none. */
  readonly rootfs: RootfsSpec | undefined;
  /** Starts it; resolves once its process is there. */
  start(): Promise<"started" | "already-running">;
  /** Sends a signal to its first process. */
  signal(signal: number): void;
  /** Kills it, ends what it holds, and resolves when nothing of it is left. */
  remove(): Promise<void>;
}
