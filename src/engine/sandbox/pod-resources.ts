import type { CertificateAuthority } from "../egress/certificate-authority.ts";
import type { BaseView } from "./base-view.ts";
import type { MountInfo } from "./host-directories.ts";
import type { MemoryControl } from "./memory-control.ts";
import type { Interception } from "./network/interception.ts";
import type { Internet } from "./network/internet.ts";
import type { PipeSource } from "./pipe-source.ts";
import type { SandboxFacts } from "./sandbox.ts";

/** What all pods of an engine share. */
export interface PodResources {
  readonly facts: SandboxFacts;
  readonly view: BaseView;
  /** The host's mounts when the engine started. */
  readonly mounts: readonly MountInfo[];
  readonly pipes: PipeSource;
  readonly memory: MemoryControl;
  readonly internet: Internet;
  readonly interception: Interception;
  /** Signs for the hosts whose HTTPS is intercepted. */
  readonly authority: CertificateAuthority;
  /** Holds one directory for each pod. */
  readonly podsDirectory: string;
  /** Holds compiled code of the pods' helpers. */
  readonly compileCache: string;
  log(message: string): void;
}
